import { mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAgentConfig, writeAgentConfig } from "./config-file.ts";

const CONFIG = { agentId: "agent-1", product: "acme-agent", gateway: "gateway.example:8443" };

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-agent-sdk-"));
  path = join(folder, "agent.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("whatever else stands in the file, stands there afterwards", async () => {
  const members = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6 });
  const spaces = fc.constantFrom(0, 1, 2, 4, "\t");
  await fc.assert(
    fc.asyncProperty(members, spaces, fc.boolean(), async (foreign, indent, hadMember) => {
      const before = { ...foreign, ...(hadMember && { muster: { old: true } }) };
      await writeFile(path, JSON.stringify(before, null, indent));
      await writeAgentConfig(path, CONFIG);
      const after = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
      const { muster, ...rest } = after;
      expect(muster).toEqual(CONFIG);
      const { muster: _, ...expected } = JSON.parse(JSON.stringify(before)) as Record<string, unknown>;
      expect(JSON.stringify(rest)).toBe(JSON.stringify(expected));
      expect(await readAgentConfig(path)).toEqual(CONFIG);
    }),
    { numRuns: 60 },
  );
});

test("line ends stay as they are", async () => {
  await writeFile(path, '{\r\n  "a": 1\r\n}\r\n');
  await writeAgentConfig(path, CONFIG);
  const text = await readFile(path, "utf8");
  expect(text.replaceAll("\r\n", "")).not.toContain("\n");
});

test("a file that is a link stays one", async () => {
  const real = join(folder, "real.json");
  await writeFile(real, '{"a":1}');
  await symlink(real, path);
  await writeAgentConfig(path, CONFIG);
  expect(await readlink(path)).toBe(real);
  expect(JSON.parse(await readFile(real, "utf8"))).toEqual({ a: 1, muster: CONFIG });
});

test("without a member, or without a file, the host is not enrolled", async () => {
  await expect(readAgentConfig(path)).rejects.toMatchObject({ code: "ENROLMENT_MISSING" });
  await writeFile(path, "{}");
  await expect(readAgentConfig(path)).rejects.toMatchObject({ code: "ENROLMENT_MISSING" });
});

test.each([{ agentId: "../x" }, { product: "" }, { gateway: "https://x" }, { labels: [] }, { agentId: 5 }])(
  "a member with %o is refused",
  async (change) => {
    await writeFile(path, JSON.stringify({ muster: { ...CONFIG, ...change } }));
    await expect(readAgentConfig(path)).rejects.toMatchObject({ code: "AGENT_CONFIG_INVALID" });
  },
);
