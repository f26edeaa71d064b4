import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Disk } from "./disk.ts";
import { install, mountSystem } from "./installation.ts";
import { makeOwnFolder, ownName } from "./leftovers.ts";
import type { BoxNetwork } from "./network.ts";
import { Room } from "./room.ts";
import { removeGroups } from "./system.ts";

const ROOT_DISK_MB = 4096;

export interface HardwareOptions {
  /** Without one it has only a loopback. */
  readonly network?: BoxNetwork;
  /** Folders that are disks of their own, by path, and how large each is. */
  readonly disks?: Readonly<Record<string, { readonly sizeMb: number }>>;
}

/** What of a box outlasts its boots: its room, its disks and its place on the network. */
export class Hardware {
  readonly room: Room;
  /** On its network; null without one. */
  readonly address: string | null;
  /** Of its control groups. */
  readonly group: string;
  /** Its disks by the path they are at, that of the system at `/`. */
  readonly disks: ReadonlyMap<string, Disk>;
  /** Where the system that it boots is, as the room sees it. */
  readonly system: string;
  readonly #folder: string;

  private constructor(
    parts: Pick<Hardware, "room" | "address" | "group" | "disks" | "system"> & { readonly folder: string },
  ) {
    this.room = parts.room;
    this.address = parts.address;
    this.group = parts.group;
    this.disks = parts.disks;
    this.system = parts.system;
    this.#folder = parts.folder;
  }

  /** With the machine's own system on its disk, powered off. */
  static async assemble(name: string, options: HardwareOptions): Promise<Hardware> {
    const folder = await makeOwnFolder(name);
    const room = await Room.open().catch(async (error: unknown) => {
      await rm(folder, { recursive: true });
      throw error;
    });
    try {
      await room.runOk(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder]);
      const disks = await makeDisks(room, folder, options);
      const address = options.network === undefined ? null : await options.network.plugIn(room);
      const system = join(folder, "system");
      const hardware = new Hardware({ room, address, group: ownName(name), disks, system, folder });
      await room.runOk(["mkdir", system]);
      await hardware.#system.attach();
      await install(room, { hostname: name, root: system, disk: hardware.#system.mount });
      await room.runOk(["umount", system]);
      await hardware.#system.detach();
      return hardware;
    } catch (error) {
      await room.close();
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  async powerOn(): Promise<void> {
    for (const disk of this.disks.values()) await disk.attach();
    await mountSystem(this.room, { root: this.system, disk: this.#system.mount });
    await this.#link("up");
  }

  /** After its system has ended. */
  async powerOff(): Promise<void> {
    await this.room.runOk(["umount", this.system]);
    for (const disk of this.disks.values()) await disk.detach();
  }

  /** Pulls the plug of the network and of the disks, the others first: they may hold what the system's is told. */
  async cut(): Promise<void> {
    await this.#link("down");
    for (const disk of [...this.disks.values()].toReversed()) await disk.cut();
  }

  async dispose(): Promise<void> {
    await this.room.close();
    await removeGroups(this.group);
    await rm(this.#folder, { recursive: true });
  }

  get #system(): Disk {
    const disk = this.disks.get("/");
    if (disk === undefined) throw new Error("a box has a disk for its system");
    return disk;
  }

  async #link(state: "up" | "down"): Promise<void> {
    if (this.address !== null) await this.room.runOk(["ip", "link", "set", "host0", state]);
  }
}

async function makeDisks(
  room: Room,
  folder: string,
  { disks = {} }: HardwareOptions,
): Promise<ReadonlyMap<string, Disk>> {
  const made = new Map<string, Disk>();
  for (const [path, { sizeMb }] of Object.entries({ "/": { sizeMb: ROOT_DISK_MB }, ...disks })) {
    made.set(path, await Disk.make(room, join(folder, `disk-${made.size}`), sizeMb));
  }
  return made;
}
