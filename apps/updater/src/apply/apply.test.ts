import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostLayout } from "@muster/core";
import { seed } from "../commands/seed.ts";
import { statusOf } from "../commands/status.ts";
import { createSigner, handoffFor, handOver, writeAssets } from "../testing/release-fixture.ts";
import { simulatedHost } from "../testing/simulated-host.ts";
import { applyHandoffs } from "./apply.ts";

const signer = createSigner();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/updater-apply-`);
  mkdirSync(`${folder}/package`);
  writeFileSync(`${folder}/package/trust-anchor.json`, signer.anchor);
});
afterEach(() => rmSync(folder, { recursive: true }));

test("smoke", async () => {
  const one = await signer.release({ version: "1.0.0", files: { "agent.mjs": { content: "// 1.0.0\n" } } });
  const two = await signer.release({ version: "1.1.0", files: { "agent.mjs": { content: "// 1.1.0\n" } } });
  const { host, said, starts } = simulatedHost({ root: `${folder}/root`, packageFolder: `${folder}/package`, behaviours: {} });
  writeAssets(`${folder}/seed`, one);
  await seed(host, [`${folder}/seed`]);
  handOver(host.layout, two, handoffFor(two));
  const ending = await applyHandoffs(host);
  expect(ending).toMatchObject({ kind: "ended", outcome: { result: "healthy" } });
  console.log(ending, said, starts, statusOf(host));
});
