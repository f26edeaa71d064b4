import { readFile } from "node:fs/promises";
import { until } from "@muster/local-fleet";
import { Hardware, type HardwareOptions } from "./hardware.ts";
import { removeLeftovers } from "./leftovers.ts";
import { requireBoxes } from "./needs.ts";
import type { CommandLine, Result, RunOptions } from "./run.ts";
import { RunningSystem } from "./system.ts";

/**
 * A machine of the same Debian as this one, with a systemd of its own, on a disk that forgets what was not synced when
 * the power is cut. It shares nothing with this machine but the kernel and, to read, the packages that are installed.
 * To end it is the caller's: `cleanUp.defer(() => box.remove())`.
 */
export class Box {
  readonly name: string;
  readonly #hardware: Hardware;
  #system: RunningSystem | null = null;

  private constructor(name: string, hardware: Hardware) {
    this.name = name;
    this.#hardware = hardware;
  }

  /** A new box, booted. Throws, in words for people, if this machine cannot make any. */
  static async up(name: string, options: HardwareOptions = {}): Promise<Box> {
    requireBoxes();
    await removeLeftovers();
    const box = new Box(name, await Hardware.assemble(name, options));
    try {
      await box.boot();
      await box.settled();
      return box;
    } catch (error) {
      await box.remove();
      throw error;
    }
  }

  /** On its network. */
  get address(): string {
    const { address } = this.#hardware;
    if (address === null) throw new Error(`${this.name} is on no network`);
    return address;
  }

  /** Where this machine sees a file of the running box. Only for paths without links in them. */
  path(file: string): string {
    return `/proc/${this.#running.pid}/root${file}`;
  }

  exec(command: CommandLine, options: RunOptions = {}): Promise<Result> {
    return this.#running.exec(command, options);
  }

  /** Runs a shell script that must succeed, and gives what it printed, without the last line break. */
  async sh(script: string, options: RunOptions = {}): Promise<string> {
    return (await this.#running.execOk(["bash", "--norc", "-euc", script], options)).trimEnd();
  }

  read(file: string): Promise<string> {
    return this.#running.execOk(["cat", file]);
  }

  async write(file: string, content: string | Uint8Array): Promise<void> {
    await this.#running.execOk(["dd", `of=${file}`, "status=none"], { input: content });
  }

  /** Copies a file of this machine into the box. */
  async put(local: string, file: string): Promise<void> {
    await this.write(file, await readFile(local));
  }

  /** What a unit has printed since the boot, and what systemd has said of it. */
  journal(unit: string): Promise<string> {
    return this.#running.execOk(["journalctl", "--no-pager", "--output=short-monotonic", "--unit", unit]);
  }

  /** Waits until a shell script ends well, and gives what it printed then. */
  async waitUntil(
    what: string,
    script: string,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<string> {
    const attempt = async () => {
      const result = await this.exec(["bash", "--norc", "-euc", script]);
      return result.code === 0 && result;
    };
    return (await until(what, attempt, options)).stdout.trimEnd();
  }

  /** Waits until nothing more is being started. */
  async settled(): Promise<void> {
    // It ends with 1 if a unit has failed, which is the caller's to judge.
    await this.exec(["systemctl", "is-system-running", "--wait"]);
  }

  /** Shuts it down as an operator would. */
  async down(): Promise<void> {
    await this.#running.powerOff();
    this.#system = null;
    await this.#hardware.powerOff();
  }

  /** Stops every process where it is: what was seen stays so until it is cut, or goes on with `thaw`. */
  freeze(): Promise<void> {
    return this.#running.freeze();
  }

  thaw(): Promise<void> {
    return this.#running.thaw();
  }

  /** See `RunningSystem.freezer`. */
  get freezer(): string {
    return this.#running.freezer;
  }

  /** Cuts the power: nobody is told, and what was not synced is gone. */
  async cut(): Promise<void> {
    const system = this.#running;
    await system.freeze();
    await this.#hardware.cut();
    await system.kill();
    this.#system = null;
    await this.#hardware.powerOff();
  }

  /** Boots it again after `down` or `cut`; resolves when units can be started, before most have. */
  async boot(): Promise<void> {
    const { room, group, disks, system: root } = this.#hardware;
    await this.#hardware.powerOn();
    const nspawn = [...disks]
      .filter(([path]) => path !== "/")
      .map(([path, { mount }]) => `--bind=${mount}:${path}`);
    this.#system = await RunningSystem.boot({ room, name: this.name, group, root, nspawn });
    // Jobs that are asked for before systemd has made its own are canceled by those.
    await this.waitUntil("the basic system", "systemctl is-active --quiet basic.target");
  }

  /** Drops every packet from and to the other machines, without a word to anybody. */
  partition(): Promise<void> {
    return this.#filter("drop");
  }

  /** Lets no more than so much in and out, by dropping what is too much. */
  slowDown(kilobytesPerSecond: number): Promise<void> {
    return this.#filter(`limit rate over ${kilobytesPerSecond} kbytes/second burst 64 kbytes drop`);
  }

  /** Ends a partition, or a slowness. */
  heal(): Promise<void> {
    return this.#filter("accept");
  }

  /**
   * Sets the clock on the wall wrong for units, as `date --set` would, by an offset such as `+3h` or `-400d`; it can be
   * changed while they run. A unit gets its wrong clock at its next start. The clock that counts from the boot stays right.
   */
  async setClock(offset: string, units: readonly string[]): Promise<void> {
    await this.write("/etc/wrong-clock", `${offset}\n`);
    const library = await this.sh("dpkg --listfiles libfaketime | grep libfaketimeMT.so");
    const variables = [
      `LD_PRELOAD=${library}`,
      "FAKETIME_TIMESTAMP_FILE=/etc/wrong-clock",
      "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    const settings = `[Service]\nEnvironment=${variables.join(" ")}\n`;
    for (const unit of units) {
      const folder = `/etc/systemd/system/${unit}.d`;
      await this.sh(`mkdir --parents ${folder}`);
      await this.write(`${folder}/clock.conf`, settings);
    }
    await this.sh("systemctl daemon-reload");
  }

  /** Fills a disk but for `leaveMb`, 0 for the last byte; gives how it is made empty again. */
  async fillDisk(folder: string, leaveMb: number): Promise<() => Promise<void>> {
    const ballast = `${folder}/ballast`;
    const leftKb = Number(await this.sh(`df --output=avail --block-size=1K ${folder} | tail -1`));
    // Its own description takes some room as well.
    const sizeKb = leftKb - leaveMb * 1024 - 512;
    await this.sh(`fallocate --length ${sizeKb}K ${ballast}; sync ${folder}`);
    if (leaveMb === 0) await this.exec(["dd", "if=/dev/zero", `of=${ballast}.rest`, "bs=4k", "conv=fsync"]);
    return async () => void (await this.sh(`rm --force ${ballast} ${ballast}.rest`));
  }

  /** Has the kernel turn the disk at this path read-only, as it does after an error; until the next boot. */
  async turnReadOnly(path: string): Promise<void> {
    const disk = this.#hardware.disks.get(path);
    if (disk === undefined) throw new Error(`${this.name} has no disk at ${path}`);
    await disk.turnReadOnly();
  }

  /** Ends it, however it is, and removes all that was made for it. */
  async remove(): Promise<void> {
    this.#system = null;
    await this.#hardware.dispose();
  }

  async #filter(verdict: string): Promise<void> {
    const rules = [
      "table inet box",
      "delete table inet box",
      "table inet box {",
      `  chain input { type filter hook input priority 0; iifname "host0" ${verdict}; }`,
      `  chain output { type filter hook output priority 0; oifname "host0" ${verdict}; }`,
      "}",
    ];
    await this.#hardware.room.runOk(["nft", "--file", "-"], { input: rules.join("\n") });
  }

  get #running(): RunningSystem {
    if (this.#system === null || !this.#system.running) throw new Error(`${this.name} is off`);
    return this.#system;
  }
}
