import { spawnSync } from "node:child_process";

const startedAt = performance.now();
const done = spawnSync("npm", ["run", "--silent", "build", "--workspaces", "--if-present"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "pipe"],
});
if (done.status === 0) {
  console.error(
    `Built the pages and the host's programs in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
  );
} else {
  console.error(done.error?.message ?? `${done.stdout}${done.stderr}`.trim());
  process.exitCode = 1;
}
