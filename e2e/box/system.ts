import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { until } from "@muster/local-fleet";
import { cgroupTrees } from "./needs.ts";
import { childrenOf, type Room } from "./room.ts";
import { type CommandLine, run, runOk, type Result, type RunOptions } from "./run.ts";

const BOOT_LIMIT_MS = 60_000;
/** What the clock that counts from the boot shows at one, in seconds: systemd wants more than nothing. */
const UPTIME_AT_BOOT_S = 10;

const ENVIRONMENT = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LANG=C.UTF-8",
  "container=systemd-nspawn",
];

export interface SystemOptions {
  readonly room: Room;
  readonly name: string;
  /** Of the control groups; nobody else's. */
  readonly group: string;
  /** The root that is booted, as the room sees it. */
  readonly root: string;
  /** Arguments more for systemd-nspawn. */
  readonly nspawn?: readonly string[];
}

/** One run of a box, from a boot to its end: a systemd as the first process, with clocks that count from that boot. */
export class RunningSystem {
  /** Of its first process, as this machine sees it. */
  readonly pid: number;
  readonly #keeper: ChildProcess;
  readonly #group: string;

  private constructor(keeper: ChildProcess, pid: number, group: string) {
    this.#keeper = keeper;
    this.pid = pid;
    this.#group = group;
  }

  /** Boots it; resolves when commands can be run in it, which is long before all of its units have started. */
  static async boot(options: SystemOptions): Promise<RunningSystem> {
    // What was frozen before it was killed would be frozen again.
    await removeGroups(options.group);
    for (const { path } of cgroupTrees()) await mkdir(join(path, options.group), { recursive: true });
    const [file, ...args] = options.room.within(await bootCommand(options));
    const keeper = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    const printed: string[] = [];
    for (const stream of [keeper.stdout, keeper.stderr]) {
      stream.on("data", (chunk: Buffer) => printed.push(chunk.toString()));
    }
    const pid = await until(
      `${options.name} to boot`,
      async () => {
        if (!isRunning(keeper)) throw new Error(`${options.name} did not boot:\n${printed.join("")}`);
        const found = await firstProcess(keeper.pid ?? -1);
        return found !== null && (await exists(`/proc/${found}/root/run/systemd/private`)) && found;
      },
      { timeoutMs: BOOT_LIMIT_MS, everyMs: 20 },
    );
    return new RunningSystem(keeper, pid, options.group);
  }

  get running(): boolean {
    return isRunning(this.#keeper);
  }

  exec(command: CommandLine, options: RunOptions = {}): Promise<Result> {
    return run(this.#inside(command), options);
  }

  execOk(command: CommandLine, options: RunOptions = {}): Promise<string> {
    return runOk(this.#inside(command), options);
  }

  /** Resolves when it is gone, by itself or because of `powerOff` or `kill`. */
  async ended(): Promise<void> {
    if (this.running) await once(this.#keeper, "exit");
  }

  async powerOff(): Promise<void> {
    await this.exec(["systemctl", "poweroff"]);
    await this.ended();
  }

  /** The file of the control group to which `1` is written to stop all of its processes, and `0` to let them go on. */
  get freezer(): string {
    const tree = cgroupTrees().find(({ unified }) => unified);
    if (tree === undefined) throw new Error("there is no unified hierarchy of control groups");
    return join(tree.path, this.#group, "payload", "cgroup.freeze");
  }

  /** Stops all of its processes where they are; until `thaw` they can only be killed. */
  async freeze(): Promise<void> {
    await writeFile(this.freezer, "1");
    const state = () => readFile(join(dirname(this.freezer), "cgroup.events"), "utf8");
    await until("all processes to stand still", async () => (await state()).includes("frozen 1"), {
      everyMs: 5,
    });
  }

  async thaw(): Promise<void> {
    await writeFile(this.freezer, "0");
  }

  /** Ends it and everything in it at once. */
  async kill(): Promise<void> {
    if (this.running) process.kill(this.pid, "SIGKILL");
    await this.ended();
  }

  #inside(command: CommandLine): CommandLine {
    return ["nsenter", "--target", `${this.pid}`, "--all", "env", "-i", ...ENVIRONMENT, ...command];
  }
}

async function bootCommand({ name, group, root, nspawn = [] }: SystemOptions): Promise<CommandLine> {
  const [uptime = "0"] = (await readFile("/proc/uptime", "utf8")).split(" ");
  const offset = UPTIME_AT_BOOT_S - Math.floor(Number(uptime));
  const entering = cgroupTrees().map(({ path }) => `echo 0 >${join(path, group, "cgroup.procs")}`);
  const script = [...entering, "export UNIFIED_CGROUP_HIERARCHY=1", 'exec "$@"'].join("\n");
  const time = [`--monotonic=${offset}`, `--boottime=${offset}`];
  const machine = [`--directory=${root}`, `--machine=${name}`, "--register=no", "--keep-unit"];
  const isolation = ["--network-namespace-path=/proc/self/ns/net", "--resolv-conf=off", "--timezone=off"];
  const output = ["--quiet", "--console=pipe", "--link-journal=no"];
  const boot = ["systemd-nspawn", "--boot", ...machine, ...isolation, ...output, ...nspawn];
  return ["sh", "-ec", script, "sh", "unshare", "--time", ...time, "--fork", ...boot];
}

/** The group and what a system that was killed left in it. */
export async function removeGroups(group: string): Promise<void> {
  for (const { path } of cgroupTrees()) await removeGroup(join(path, group));
}

async function removeGroup(path: string): Promise<void> {
  const children = await readdir(path, { withFileTypes: true }).catch(unlessMissing);
  for (const child of children ?? []) {
    if (child.isDirectory()) await removeGroup(join(path, child.name));
  }
  await rmdir(path).catch(unlessMissing);
}

/** Another test process may be removing the same leftovers. */
function unlessMissing(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}

/** The first process of the system that was started below another one, once it is systemd itself. */
async function firstProcess(below: number): Promise<number | null> {
  for (const child of await childrenOf(below)) {
    const found = (await isSystemd(child)) ? child : await firstProcess(child);
    if (found !== null) return found;
  }
  return null;
}

async function isSystemd(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")) === "systemd\n";
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
