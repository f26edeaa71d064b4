import { spawnSync } from "node:child_process";

const { status } = spawnSync("npm", ["run", "--silent", "build", "--workspaces", "--if-present"], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
