import { execPath } from "node:process";
import { MusterError } from "@muster/core";
import { expect, test, vi } from "vitest";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import { nodeHost } from "../host/node-host.ts";
import type { HostFs } from "../ports.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { keepPayload } from "./payload-keeper.ts";
import { readPayloadRecord } from "./payload-record.ts";

test("a full disk costs neither the payload nor its keeper, and the payload is known once there is room", async () => {
  const root = temporaryFolder();
  let full = true;
  const fs: HostFs = {
    ...nodeHostFs,
    createFile: (path, mode, owner) => {
      if (full) throw new MusterError("DISK_SHORT", { path });
      return nodeHostFs.createFile(path, mode, owner);
    },
  };
  const said: string[] = [];
  const host = nodeHost({ root, packageFolder: root, say: (line) => said.push(line), fs });
  const output: string[] = [];
  const keeper = keepPayload({
    host,
    program: { file: execPath, args: ["-e", "console.log(process.pid); setInterval(() => {}, 1000)"] },
    log: { write: () => {}, close: () => {} },
    forward: (bytes) => output.push(Buffer.from(bytes).toString()),
    chance: () => 0.5,
  });
  await vi.waitFor(() => expect(output).toHaveLength(1), { timeout: 10_000 });
  expect(said).toEqual([expect.stringContaining("DISK_SHORT")]);
  full = false;
  await vi.waitFor(() => expect(readPayloadRecord(host.layout)?.pid).toBe(Number(output[0])), {
    timeout: 10_000,
  });
  expect(host.service.payload().kind).toBe("running");
  keeper.stop();
  await keeper.done;
});
