import { mkdir, truncate, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { until } from "@muster/local-fleet";
import { nextBoot, thisBoot } from "../host/crash-host.ts";
import { start, succeed } from "../host/process.ts";
import type { Disk } from "./disk.ts";

/**
 * What a shutdown of the file system leaves of what was not synced. `nothing`: as at a power cut. `metadata`: the file
 * system's journal is written out first, as it is every few seconds, so names are there whose content is not.
 */
export type Survival = "nothing" | "metadata";

const SHUTDOWNS: Readonly<Record<Survival, string>> = { nothing: "shutdown", metadata: "shutdown -f" };

// Nothing is written out because it is its time, and a file that replaces another gets no better care than its program
// gives it: ext4 would by itself write its content before the rename.
const MOUNT_OPTIONS = "loop,commit=600,noauto_da_alloc";
const SIZE_BYTES = 24 * 1024 * 1024;

/** An ext4 in a loop device that is shut down while it is in use, and comes up again in another boot. */
export function ext4Disk(survival: Survival): Disk {
  const images = new Map<string, Promise<string>>();
  const imageOf = (template: string): Promise<string> => {
    const made = images.get(template) ?? makeImage(template);
    images.set(template, made);
    return made;
  };
  return {
    open: async ({ template, folder, packageFolder, node, bootId }) => {
      const before = join(folder, "before.img");
      const after = join(folder, "after.img");
      const place = join(folder, "mount");
      await mkdir(place);
      const mount = (image: string) => succeed(["mount", "-t", "ext4", "-o", MOUNT_OPTIONS, image, place]);
      const unmount = () => until(`${place} to be free`, () => unmounted(place), { everyMs: 20 });
      const options = { root: join(place, basename(template)), packageFolder, node };
      await succeed(["cp", await imageOf(template), before]);
      await mount(before);
      return {
        host: thisBoot(options, bootId),
        crash: async () => void (await succeed(["xfs_io", "-x", "-c", SHUTDOWNS[survival], place])),
        restart: async () => {
          await unmount();
          // Another mount namespace may have a copy of the mount, and would keep the file system that is shut down.
          await succeed(["cp", before, after]);
          await mount(after);
          return nextBoot(options, folder);
        },
        close: async () => void (await unmount()),
      };
    },
  };
}

/** False while something that is about to end still stands in it. */
async function unmounted(place: string): Promise<boolean> {
  const { code } = await start(["mountpoint", "--quiet", place]).ended;
  return code !== 0 || (await start(["umount", place]).ended).code === 0;
}

/** An ext4 that holds what is in the template's folder, as an image beside that folder. */
async function makeImage(template: string): Promise<string> {
  const content = dirname(template);
  const image = `${content}.ext4`;
  await writeFile(image, "");
  await truncate(image, SIZE_BYTES);
  await succeed(["mkfs.ext4", "-q", "-F", "-b", "4096", "-J", "size=4", "-d", content, image]);
  return image;
}
