import { describe, expect, test } from "vitest";
import { stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";

describe("muster token", () => {
  test("create prints the token alone, so that it can be piped", async () => {
    const token = {
      id: "tk_1",
      maxUses: 5,
      uses: 0,
      expiresAt: 7_200_000,
      labels: {},
      product: null,
      createdAt: 0,
    };
    await using api = await stubApi({ "POST /api/v1/tokens": () => ({ ...token, token: "muster1.x.y.z" }) });
    const args = [
      "token",
      "create",
      "--max-uses",
      "5",
      "--expires",
      "2h",
      "--label",
      "env=prod",
      "--label",
      "rack=7",
    ];
    const result = await runMuster(args, { env: api.env });
    expect(result.stdout).toBe("muster1.x.y.z\n");
    expect(result.stderr).toContain("Good 5 times, for 2h.");
    expect(JSON.parse(api.requests[0]?.body.toString() ?? "")).toEqual({
      maxUses: 5,
      expiresInMs: 7_200_000,
      labels: { env: "prod", rack: "7" },
    });
  });

  test("a token that nothing is said about is good for a day, in words that people use", async () => {
    const token = {
      id: "tk_1",
      maxUses: 1,
      uses: 0,
      labels: {},
      product: null,
      createdAt: 0,
      token: "muster1.x",
    };
    // The server made it a moment before it is read.
    await using api = await stubApi({ "POST /api/v1/tokens": () => ({ ...token, expiresAt: 86_399_000 }) });
    const { stderr } = await runMuster(["token", "create"], { env: api.env });
    expect(stderr).toContain("Good once, for 1d.");
    expect((await runMuster(["token", "create", "--help"])).stdout).toContain("(default: 24h)");
  });

  test("revoke takes an id", async () => {
    await using api = await stubApi({ "DELETE /api/v1/tokens/tk_1": () => undefined });
    expect(await runMuster(["token", "revoke", "tk_1"], { env: api.env })).toMatchObject({ code: 0 });
  });
});
