import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Room } from "./room.ts";

/** What a box sees of the machine's own root; the rest (homes, projects, whatever is mounted) is not there. */
const SHOWN = /^(bin|sbin|lib(|32|64|x32)|usr|etc|var)$/;
const EMPTY = ["dev", "proc", "sys", "run", "tmp", "home", "mnt", "opt", "srv"];

/** What would keep packages from starting their units, and units that are the machine's business. */
const REMOVED = [
  "etc/systemd/system",
  ...[0, 1, 2, 3, 4, 5, 6, "S"].map((level) => `etc/rc${level}.d`),
  "usr/sbin/policy-rc.d",
  "var/log/journal",
  "etc/machine-id",
];

/** Of the distribution, running at every boot, and of no use here. */
const MASKED = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "man-db.timer",
  "getty.target",
  "console-getty.service",
  "systemd-logind.service",
  "systemd-timesyncd.service",
  "systemd-networkd-wait-online.service",
  "systemd-pstore.service",
];

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

const SETTINGS = {
  // Nothing printed in a burst is dropped.
  "etc/systemd/journald.conf.d/box.conf": "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n",
  // systemd-nspawn gives each boot an id of its own, but units with a /proc of their own would see this machine's; and
  // nothing can be mounted over its file, since that has no name any more.
  "etc/systemd/system/boot-id.service": `
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=cp ${BOOT_ID} /run/boot-id
ExecStart=umount ${BOOT_ID}
ExecStart=mount --bind /run/boot-id ${BOOT_ID}
`,
  "etc/systemd/system/sysinit.target.d/box.conf": "[Unit]\nRequires=boot-id.service\nAfter=boot-id.service\n",
  ...Object.fromEntries(
    ["agent", "updater", "recovery"].map((name) => [
      `etc/systemd/system/muster-${name}.service.d/boot-id.conf`,
      `[Service]\nBindReadOnlyPaths=/run/boot-id:${BOOT_ID}\n`,
    ]),
  ),
};

/** Where a box's root stands in its room, and on which disk its changes are kept. */
export interface Installation {
  readonly root: string;
  readonly disk: string;
}

/** Makes a new installation of this machine's own system: all of its packages, none of its state, settings or work. */
export async function install(
  room: Room,
  installation: Installation & { readonly hostname: string },
): Promise<void> {
  const upper = join(installation.disk, "upper");
  await room.runOk(["mkdir", upper, join(installation.disk, "work")]);
  const hidden = (await readdir("/")).filter((name) => !SHOWN.test(name));
  // A character device 0:0 in the upper layer says that there is nothing of that name.
  for (const name of hidden) await room.runOk(["mknod", join(upper, name), "c", "0", "0"]);
  await mountSystem(room, installation);
  const at = (name: string) => join(installation.root, name);
  await room.runOk(["mkdir", ...EMPTY.map(at)]);
  await room.runOk(["mkdir", "--mode=700", at("root")]);
  await room.runOk(["chmod", "1777", at("tmp")]);
  await room.runOk(["rm", "--recursive", "--force", ...REMOVED.map(at)]);
  await room.runOk(["mkdir", at("etc/systemd/system")]);
  const units = (name: string) => at(`etc/systemd/system/${name}`);
  for (const name of MASKED) await room.runOk(["ln", "--symbolic", "/dev/null", units(name)]);
  await room.runOk(["ln", "--symbolic", "/lib/systemd/system/multi-user.target", units("default.target")]);
  await room.runOk(["tee", at("etc/machine-id")], { input: "" });
  await room.runOk(["tee", at("etc/hostname")], { input: `${installation.hostname}\n` });
  for (const [name, content] of Object.entries(SETTINGS)) {
    await room.runOk(["mkdir", "--parents", at(dirname(name))]);
    await room.runOk(["tee", at(name)], { input: content });
  }
  await room.runOk(["sync", "--file-system", installation.disk]);
}

/** Mounts an installation that was made before. */
export async function mountSystem(room: Room, { root, disk }: Installation): Promise<void> {
  const layers = `lowerdir=/,upperdir=${join(disk, "upper")},workdir=${join(disk, "work")}`;
  await room.runOk(["mount", "-t", "overlay", "overlay", "-o", layers, root]);
}
