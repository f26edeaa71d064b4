import { join } from "node:path";
import type { Room } from "./room.ts";

/** A disk in a room: ext4 on a loop device, which forgets what was not synced when it is cut off. */
export class Disk {
  /** Where it is mounted, as the room sees it. */
  readonly mount: string;
  readonly #room: Room;
  readonly #image: string;

  private constructor(room: Room, folder: string) {
    this.#room = room;
    this.#image = join(folder, "image");
    this.mount = join(folder, "mount");
  }

  /** Makes one that is `sizeMb` large and takes only the memory of what is written to it. */
  static async make(room: Room, folder: string, sizeMb: number): Promise<Disk> {
    const disk = new Disk(room, folder);
    await room.runOk(["mkdir", "--parents", disk.mount]);
    await room.runOk(["truncate", "--size", `${sizeMb}M`, disk.#image]);
    const lazy = "lazy_itable_init=1,lazy_journal_init=1,nodiscard";
    await room.runOk(["mkfs.ext4", "-q", "-m", "0", "-e", "remount-ro", "-E", lazy, disk.#image]);
    return disk;
  }

  /** Mounts it, replaying its journal if it was cut off. */
  async attach(): Promise<void> {
    await this.#room.runOk(["mount", "-o", "loop", this.#image, this.mount]);
  }

  /** Unmounts it and has it checked; throws if it is damaged more than a cut can damage it. */
  async detach(): Promise<void> {
    await this.#room.runOk(["umount", this.mount]);
    const { code, stdout } = await this.#room.run(["e2fsck", "-p", this.#image]);
    // 1: it was repaired.
    if (code > 1) throw new Error(`the disk of a box is damaged: ${stdout}`);
  }

  /** What a power cut does to it: from now on nothing is read or written, and what was not synced is lost. */
  async cut(): Promise<void> {
    await this.#room.runOk(["xfs_io", "-x", "-c", "shutdown", this.mount]);
  }

  /** As after an error of the device: the kernel lets nothing be written until it is attached anew. */
  async turnReadOnly(): Promise<void> {
    const found = await this.#room.runOk(["findmnt", "--noheadings", "--output", "SOURCE", this.mount]);
    const device = found.trim().replace("/dev/", "");
    await this.#room.runOk(["tee", `/sys/fs/ext4/${device}/trigger_fs_error`], { input: "box" });
  }
}
