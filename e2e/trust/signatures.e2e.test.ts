import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder, type LocalFleet, type LocalHost, type ReleaseFiles } from "@muster/local-fleet";
import { beforeAll, expect, test } from "vitest";
import { publishGood, startFleet, updateOne, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

let fleet: LocalFleet;
let stranger: { readonly keys: readonly string[] };

beforeAll(async () => {
  fleet = await startFleet(cleanUp, { threshold: 2 });
  const folder = await temporaryFolder("muster-e2e-stranger");
  cleanUp.defer(folder.dispose);
  const key = join(folder.path, "stranger");
  await fleet.muster(["release", "keygen", "stranger", "--out", key]).success();
  stranger = { keys: [`${key}.key`] };
});

async function refusal(release: ReleaseFiles): Promise<string> {
  const publish = fleet.muster(["release", "publish", "--no-check", release.folder]);
  expect(await publish.ended).not.toBe(0);
  return publish.lines.join("\n");
}

test("the server refuses a release signed by a key it does not know", async () => {
  const release = await fleet.make({ version: "1.0.1", keys: stranger.keys });
  expect(await refusal(release)).toContain("SIGNATURE_INVALID");
});

test("the server refuses one signature where two are needed, also twice by the same key", async () => {
  const [first = ""] = fleet.keys;
  expect(await refusal(await fleet.make({ version: "1.0.2", keys: [first] }))).toContain("SIGNATURE_INVALID");
  const doubled = await fleet.make({ version: "1.0.3", keys: [first] });
  const file = JSON.parse(await readFile(doubled.signatures, "utf8")) as { signatures: { keyid: string }[] };
  const [signature] = file.signatures;
  file.signatures.push({ ...signature, keyid: "00" });
  await writeFile(doubled.signatures, JSON.stringify(file));
  expect(await refusal(doubled)).toContain("SIGNATURE_INVALID");
});

test("the server refuses an archive that was changed after signing, and the release stays unusable", async () => {
  const release = await fleet.make({ version: "1.0.4" });
  const archive = await readFile(release.archive);
  archive[archive.length - 1] = (archive.at(-1) ?? 0) ^ 1;
  await writeFile(release.archive, archive);
  expect(await refusal(release)).toContain("ARTIFACT_DIGEST_MISMATCH");
  await expect(fleet.roll("1.0.4")).rejects.toMatchObject({ code: "RELEASE_NOT_READY" });
});

test("a host refuses what a control plane with a weaker anchor publishes", async () => {
  const [first = "", second = ""] = fleet.keys;
  const seed = await publishGood(fleet, "1.0.0");
  const [host] = (await fleet.addHosts(["host-1"], seed)) as [LocalHost];
  // An intruder in the control plane lowers its threshold; the hosts keep the anchor of their package.
  await weakenServer(first, second);
  await fleet.publish(await fleet.make({ version: "1.1.0", keys: [first] }));
  const { target } = await updateOne(fleet, host, "1.1.0");
  expect(target).toMatchObject({ state: "failed", code: "SIGNATURE_INVALID", survivingVersion: "1.0.0" });
  expect(await host.currentVersion()).toBe("1.0.0");
});

async function weakenServer(...keys: readonly string[]): Promise<void> {
  const publicKeys = keys.map((key) => key.replace(/\.key$/, ".pub"));
  await fleet
    .muster(["release", "anchor", ...publicKeys, "--threshold", "1", "--out", fleet.trustAnchor, "--force"])
    .success();
  await fleet.server.stop();
  await fleet.server.restart();
}
