import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRODUCT, until } from "@muster/local-fleet";
import { expect, test } from "vitest";
import { startFleet, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

test("documents make groups and update a machine by an address of a signed manifest, once however often they are applied", async () => {
  const fleet = await startFleet(cleanUp);
  const [seed, next] = [await fleet.make({ version: "1.0.0" }), await fleet.make({ version: "1.1.0" })];
  await fleet.publish(next);
  await fleet.addHosts(["web-1"], seed);
  const { artifacts } = JSON.parse(await readFile(next.manifest, "utf8")) as { artifacts: { url: string }[] };
  const file = join(fleet.folder, "fleet.yaml");
  const write = (url: string) =>
    writeFile(
      file,
      `apiVersion: muster/v1
kind: MachineOperation
operationKind: AgentUpgrade
metadata: {name: web-1-to-next}
spec:
  machineRef: web-1
  parameters: {downloadURL: ${JSON.stringify(url)}}
---
apiVersion: muster/v1
kind: Group
metadata: {name: web}
spec: {rule: "hostname:web-*", priority: 3}
`,
    );
  const apply = (...more: string[]) => fleet.muster(["apply", "-f", file, ...more]);
  const url = artifacts[0]?.url ?? "";
  await write(`${url}.evil`);
  await expect(apply().success()).rejects.toThrow(/OPERATION_URL_UNKNOWN/);
  await write(url);
  expect(await apply("--dry-run").success()).toContain("MachineOperation/web-1-to-next would be created");
  expect((await fleet.client.operations.list()).total).toBe(0);
  expect(await apply().success()).toContain("MachineOperation/web-1-to-next created");
  expect(await apply().success()).toBe("Group/web unchanged\nMachineOperation/web-1-to-next unchanged");
  const phase = async () => (await fleet.client.operations.get("web-1-to-next")).status.phase === "succeeded";
  await until("the machine to run the next version", phase, { timeoutMs: 90_000 });
  expect(await fleet.muster(["operation", "show", "web-1-to-next"]).success()).toMatch(
    /succeeded +true +healthy/,
  );
  const { items } = await fleet.client.agents.list({ product: PRODUCT });
  expect(items.map(({ version }) => version)).toEqual(["1.1.0"]);
  expect(await fleet.client.agents.availableUpdate(items[0]?.id ?? "")).toMatchObject({
    reason: "already_there",
  });
});
