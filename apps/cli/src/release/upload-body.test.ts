import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { uploadBody } from "./upload-body.ts";

test("all of the file goes, and is counted as it goes", async () => {
  await using folder = await temporaryFolder();
  const content = randomBytes(1_000_000);
  await writeFile(folder.at("file"), content);
  const counted: number[] = [];
  expect(await buffer(uploadBody(folder.at("file"), (sent) => counted.push(sent)))).toEqual(content);
  expect(counted).toEqual([262_144, 524_288, 786_432, 1_000_000]);
});

test("a file that is not there fails the request", async () => {
  await expect(buffer(uploadBody("/nowhere", () => undefined))).rejects.toThrow("ENOENT");
});

test("a server may refuse the rest and take nothing more", async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at("file"), randomBytes(48_000_000));
  const server = createServer((request, response) => {
    request.once("data", () => {
      request.pause();
      response.writeHead(400).end("no");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  const body = uploadBody(folder.at("file"), () => undefined);
  const response = await fetch(url, { method: "PUT", body, duplex: "half" });
  expect([response.status, await response.text()]).toEqual([400, "no"]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
