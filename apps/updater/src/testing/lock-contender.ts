// Takes a lock again and again, and tells whether it ever met another process inside: `node lock-contender.ts <lock>
// <marker> <times>`. With `die` for times it takes the lock once and is killed with it.
import { closeSync, openSync, rmSync } from "node:fs";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import { linuxBootId } from "../host/linux-clock.ts";
import { takeLock } from "../lock/folder-lock.ts";
import { linuxProcessTable } from "../lock/process-table.ts";

const [path = "", marker = "", times = ""] = process.argv.slice(2);
const processes = linuxProcessTable(linuxBootId());

for (let done = 0; done < (times === "die" ? 1 : Number(times)); ) {
  const attempt = takeLock({ fs: nodeHostFs, processes }, path);
  if (attempt.kind === "busy") continue;
  if (times === "die") process.kill(process.pid, "SIGKILL");
  // Fails if another process is inside.
  closeSync(openSync(marker, "wx"));
  rmSync(marker);
  attempt.lock.release();
  done += 1;
}
