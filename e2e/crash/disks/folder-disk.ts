import { join } from "node:path";
import { thisBoot } from "../host/crash-host.ts";
import { succeed } from "../host/process.ts";
import type { Disk } from "./disk.ts";

/** A folder: only processes die, and everything they have done stays, in the same boot. */
export const folderDisk: Disk = {
  open: async ({ template, folder, packageFolder, node, bootId }) => {
    const root = join(folder, "state");
    await succeed(["cp", "--archive", template, root]);
    const host = thisBoot({ root, packageFolder, node }, bootId);
    return {
      host,
      crash: async () => {},
      restart: async () => host,
      close: async () => {},
    };
  },
};
