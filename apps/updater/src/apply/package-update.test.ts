import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { statusOf } from "../commands/status.ts";
import { preparedHost, type PreparedHost } from "../testing/prepared-host.ts";
import type { SimulatedOptions } from "../testing/simulated-host.ts";
import { writeAssets } from "../testing/release-fixture.ts";
import { applyHandoffs } from "./apply.ts";

/** 1.0.0 runs, enrolled, under a policy; the package brings another version. */
async function withPackaged(
  version: string,
  policy: object | string,
  options: Partial<SimulatedOptions> = {},
): Promise<PreparedHost> {
  const prepared = await preparedHost(options);
  const { layout, packageFolder } = prepared;
  const muster = { agentId: "agent-1", product: "acme-agent", gateway: "gateway.example:8443" };
  writeFileSync(layout.agentConfig, JSON.stringify({ muster }));
  writeFileSync(layout.policy, typeof policy === "string" ? policy : JSON.stringify(policy));
  writeAssets(`${packageFolder}/seed`, await prepared.release(version));
  return prepared;
}

const WANTED = { packageSeed: "newer" };

describe("a newer version that the package brings", () => {
  test("is installed like any other, if the owner's policy asks for it; nobody has to be told", async () => {
    const { host } = await withPackaged("1.1.0", WANTED);
    expect(await applyHandoffs(host)).toMatchObject({
      outcome: { result: "healthy", fromVersion: "1.0.0", toVersion: "1.1.0" },
    });
    expect(statusOf(host)).toMatchObject({ current: "1.1.0", lastGood: "1.0.0", outcomes: [] });
    expect(await applyHandoffs(host)).toEqual({ kind: "idle" });
  });

  test("that is bad is taken back, and not tried again", async () => {
    const { host } = await withPackaged("1.1.0", WANTED, { behaviours: { "1.1.0": "crashing" } });
    expect(await applyHandoffs(host)).toMatchObject({ outcome: { result: "rolled_back" } });
    expect(statusOf(host)).toMatchObject({ current: "1.0.0", bad: [{ version: "1.1.0" }] });
    expect(await applyHandoffs(host)).toEqual({ kind: "idle" });
  });
});

describe("what the package brings is left alone", () => {
  test.for<[string, string, object | string]>([
    ["without a word from the owner", "1.1.0", {}],
    ["when the owner says never", "1.1.0", { packageSeed: "never" }],
    ["while the owner's policy cannot be read", "1.1.0", "{"],
    ["when it is what runs", "1.0.0", WANTED],
    ["when it is older", "0.9.0", WANTED],
  ])("%s", async ([, version, policy]) => {
    const { host } = await withPackaged(version, policy);
    expect(await applyHandoffs(host)).toEqual({ kind: "idle" });
    expect(statusOf(host).current).toBe("1.0.0");
  });

  test("on a host that is not enrolled", async () => {
    const prepared = await preparedHost();
    writeFileSync(prepared.layout.policy, JSON.stringify(WANTED));
    writeAssets(`${prepared.packageFolder}/seed`, await prepared.release("1.1.0"));
    expect(await applyHandoffs(prepared.host)).toEqual({ kind: "idle" });
  });
});
