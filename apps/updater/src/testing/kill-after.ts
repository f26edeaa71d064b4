// The updater as it ships, on a disk that kills the process (SIGKILL, as a power cut or an operator would) when it has
// taken a number of steps: `node kill-after.ts <steps> <package folder> <command…>`.
import { fileURLToPath } from "node:url";
import { runCommand } from "../commands/run-command.ts";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import { nodeHost } from "../host/node-host.ts";
import type { HostFs } from "../ports.ts";

const [steps, packageFolder, ...args] = process.argv.slice(2);
if (packageFolder === undefined) throw new Error("usage: kill-after.ts <steps> <package folder> <command…>");

const code = await runCommand(args, {
  hostAt: (root) => nodeHost({ root, packageFolder, say: console.error, fs: killingFs(Number(steps)) }),
  program: { file: process.execPath, args: [fileURLToPath(import.meta.url), "Infinity", packageFolder] },
  print: (text) => void process.stdout.write(text),
});
process.exit(code);

function killingFs(allowed: number): HostFs {
  let taken = 0;
  const counted = <A extends readonly unknown[], R>(step: (...values: A) => R) => {
    return (...values: A): R => {
      taken += 1;
      if (taken > allowed) process.kill(process.pid, "SIGKILL");
      return step(...values);
    };
  };
  return {
    createFile: counted((path, mode, owner) => {
      const file = nodeHostFs.createFile(path, mode, owner);
      return { write: counted(file.write), sync: counted(file.sync), close: file.close };
    }),
    createFolder: counted(nodeHostFs.createFolder),
    createLink: counted(nodeHostFs.createLink),
    rename: counted(nodeHostFs.rename),
    removeFile: counted(nodeHostFs.removeFile),
    removeFolder: counted(nodeHostFs.removeFolder),
    syncFolder: counted(nodeHostFs.syncFolder),
  };
}
