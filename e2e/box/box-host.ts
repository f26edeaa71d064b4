import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import {
  healthDecoder,
  hostLayout,
  parse,
  type HealthReport,
  type HostLayout,
  type HostState,
  type JournalReading,
} from "@muster/core";
import { Program, until } from "@muster/local-fleet";
import type { Box } from "./box.ts";
import { journalAt } from "./journal.ts";

const FREEZE_AT = fileURLToPath(new URL("freeze-at.ts", import.meta.url));
const AGENT = "muster-agent.service";
const UPDATER = "muster-updater.service";

/** A host as a customer has it: a box in which the agent's package is installed, under systemd. */
export class BoxHost {
  readonly box: Box;
  readonly layout: HostLayout = hostLayout("/var/lib/muster");

  constructor(box: Box) {
    this.box = box;
  }

  /** As the control plane knows it. */
  get name(): string {
    return this.box.name;
  }

  /** Installs a package, the first or another, as an operator would; gives what that printed. */
  async install(deb: string): Promise<string> {
    await this.box.put(deb, "/tmp/muster-agent.deb");
    return this.box.sh("dpkg --install /tmp/muster-agent.deb 2>&1; rm /tmp/muster-agent.deb");
  }

  /** What `systemctl show` says of one property of a unit, the agent's unless told. */
  async shows(property: string, unit = AGENT): Promise<string> {
    const { stdout } = await this.box.exec(["systemctl", "show", `--property=${property}`, "--value", unit]);
    return stdout.trim();
  }

  /** Of the payload, as the box sees it; null if none runs. */
  async payloadPid(): Promise<number | null> {
    const pid = Number(await this.shows("MainPID"));
    return pid > 0 ? pid : null;
  }

  /** The version that runs, as its own process has it; null if none does, or it is not the payload yet. */
  async runningVersion(): Promise<string | null> {
    const pid = await this.payloadPid();
    const { stdout } = await this.box.exec(["cat", `/proc/${pid ?? 0}/environ`]);
    const entry = stdout.split("\0").find((text) => text.startsWith("MUSTER_VERSION="));
    return entry?.replace("MUSTER_VERSION=", "") ?? null;
  }

  /** The version that `current` leads to. */
  async currentVersion(): Promise<string> {
    return basename(await readlink(this.box.path(this.layout.current)));
  }

  /** Of the updater at work, as the box sees it; null if none is. */
  async updaterPid(): Promise<number | null> {
    // The lock is a folder with one entry, `<pid>.<start>.<boot>`.
    const [entry] = await readdir(this.box.path(this.layout.lock)).catch(() => []);
    return entry === undefined ? null : Number.parseInt(entry, 10);
  }

  /** What the payload says of itself in this boot; null if it has said nothing. */
  async health(): Promise<HealthReport | null> {
    const text = await readFile(this.box.path(this.layout.health), "utf8").catch(() => null);
    if (text === null) return null;
    const report = parse.decodeJson(healthDecoder, text, "REQUEST_INVALID");
    const bootId = (await this.box.read("/proc/sys/kernel/random/boot_id")).trim();
    return report.bootId === bootId ? report : null;
  }

  /** Units of the whole host that have failed. */
  async failedUnits(): Promise<readonly string[]> {
    const list = await this.box.sh("systemctl list-units --failed --plain --no-legend");
    return list.match(/^\S+/gm) ?? [];
  }

  journal(): JournalReading {
    return journalAt((file) => this.box.path(file), this.layout);
  }

  /** What is under way here; null if the journal cannot be read. */
  state(): HostState["kind"] | null {
    const reading = this.journal();
    if (reading.kind === "absent") return "steady";
    return reading.kind === "read" ? reading.journal.state.kind : null;
  }

  /**
   * Stops every process of the host as soon as its journal says so. Resolves when it looks; `frozen` when it stands still,
   * with whether the moment was met. Whoever calls it cuts or thaws the box.
   */
  async freezeAt(state: HostState["kind"]): Promise<{ readonly frozen: Promise<boolean> }> {
    const watcher = new Program([process.execPath, FREEZE_AT, this.box.freezer, this.box.path(""), state]);
    await watcher.line(/looking/);
    const frozen = async () => {
      try {
        await watcher.line(/frozen/);
      } finally {
        await watcher.stop();
      }
      await this.box.freeze();
      return this.state() === state;
    };
    return { frozen: frozen() };
  }

  /** Waits until nothing is under way any more. */
  async atRest(timeoutMs = 60_000): Promise<void> {
    await until(
      `${this.name} to come to rest`,
      async () => this.state() === "steady" && (await this.shows("ActiveState", UPDATER)) === "inactive",
      { timeoutMs },
    );
  }

  /** Every file of the package that is not as it was installed, as dpkg prints them. */
  async changedPackageFiles(): Promise<string> {
    return (await this.box.exec(["dpkg", "--verify", "muster-agent"])).stdout;
  }

  /** What an update has left where nothing is to be left. */
  async leftovers(): Promise<readonly string[]> {
    const found = await Promise.all(
      [this.layout.temporary, this.layout.staging].map(async (folder) =>
        (await readdir(this.box.path(folder)).catch(() => [])).map((name) => `${folder}/${name}`),
      ),
    );
    return found.flat();
  }

  /** Everything the units of the package have printed since the boot. */
  async printed(): Promise<string> {
    const units = [AGENT, UPDATER, "muster-recovery.service"].flatMap((unit) => ["--unit", unit]);
    const { stdout } = await this.box.exec([
      "journalctl",
      "--no-pager",
      "--output=short-monotonic",
      ...units,
    ]);
    return stdout;
  }
}
