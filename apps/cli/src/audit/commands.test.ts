import { readFile, stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { runMuster } from "../testing/test-terminal.ts";

const HASH = "a".repeat(64);
const RECORD = {
  sequence: 7,
  at: 1_900_000_000_000,
  actor: { kind: "user", name: "ada", id: "u1" },
  action: "rollout.pause",
  resource: { kind: "rollout", id: "r1" },
  details: { why: "\u001b[31mred", none: null, agents: ["a", "b"] },
  from: { address: "192.0.2.7", userAgent: null, credential: "session:s1" },
  previousHash: HASH,
  hash: HASH,
};

describe("muster audit", () => {
  test("list shows who did what from where, and nothing that a terminal would obey", async () => {
    await using api = await stubApi({ "GET /api/v1/audit": () => pageOf([RECORD]) });
    const args = ["audit", "list", "--actor", "ada", "--action", "rollout.*", "--since", "2h"];
    const { stdout, code } = await runMuster(args, { env: api.env, now: 10_000_000 });
    expect(code).toBe(0);
    expect(stdout).toMatch(/7 .*ada +192\.0\.2\.7 +rollout\.pause +rollout\/r1 +why=.*red agents=a\+b/);
    expect(stdout).not.toContain("\u001b[31m");
    expect(api.requests[0]?.query).toMatchObject({ actor: "ada", action: "rollout.*" });
    expect(api.requests[0]?.query["since"]).toBe("2800000");
  });

  test("head prints one line to keep, and verify holds the log against it", async () => {
    const head = { sequence: 7, hash: HASH };
    await using api = await stubApi({
      "GET /api/v1/audit/head": () => head,
      "GET /api/v1/audit/verify": () => ({
        kind: "intact",
        head,
        from: { sequence: 0, hash: "0".repeat(64) },
        checked: 7,
        anchor: "met",
      }),
    });
    const printed = await runMuster(["audit", "head"], { env: api.env });
    expect(printed.stdout).toBe(`7:${HASH}\n`);
    const verified = await runMuster(["audit", "verify", "--expect", printed.stdout], { env: api.env });
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining("Intact: 7 records") });
    expect(api.requests.at(-1)?.query).toEqual({ expect: `7:${HASH}` });
  });

  test("verify fails, and names the record, when the log was meddled with", async () => {
    const broken = {
      kind: "broken",
      sequence: 3,
      problem: "its content is not what was recorded",
      checked: 2,
    };
    await using api = await stubApi({ "GET /api/v1/audit/verify": () => broken });
    const { code, stderr } = await runMuster(["audit", "verify"], { env: api.env });
    expect(code).toBe(4);
    expect(stderr).toContain("AUDIT_CHAIN_BROKEN");
    expect(stderr).toContain("record: 3");
  });

  test("export writes a new file for its owner only, and never over one that is there", async () => {
    await using folder = await temporaryFolder();
    const csv = "sequence,time\r\n1,now\r\n";
    await using api = await stubApi({
      "GET /api/v1/audit/export": () => (response: ServerResponse) => response.end(csv),
    });
    const args = ["audit", "export", "--format", "csv", "--output", folder.at("audit.csv")];
    expect(await runMuster(args, { env: api.env })).toMatchObject({ code: 0 });
    expect(await readFile(folder.at("audit.csv"), "utf8")).toBe(csv);
    expect((await stat(folder.at("audit.csv"))).mode & 0o777).toBe(0o600);
    expect(await runMuster(args, { env: api.env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("FILE_NOT_WRITABLE"),
    });
    const printed = await runMuster(["audit", "export"], { env: api.env });
    expect(printed.stdout).toBe(csv);
  });

  test("export that is cut off is no success", async () => {
    await using api = await stubApi({
      "GET /api/v1/audit/export": () => (response: ServerResponse) => {
        response.write("1\n");
        setImmediate(() => response.destroy());
      },
    });
    expect(await runMuster(["audit", "export"], { env: api.env })).toMatchObject({ code: 5 });
  });
});
