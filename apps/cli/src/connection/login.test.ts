import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { runMuster } from "../testing/test-terminal.ts";

describe("muster login", () => {
  const session = {
    actor: "admin",
    role: "administrator",
    grants: [{ role: "administrator", groupId: null }],
    userId: null,
    expiresAt: null,
  };

  test("remembers a token that works, and the next command uses it", async () => {
    await using home = await temporaryFolder();
    await using api = await stubApi({
      "GET /api/v1/session": () => session,
      "GET /api/v1/agents": () => pageOf([]),
    });
    const env = { HOME: home.path };
    const login = await runMuster(["login", api.address, "--token-stdin"], { env, input: "secret\n" });
    expect(login).toMatchObject({ code: 0, stdout: expect.stringContaining("as admin (administrator)") });
    expect(login.stdout + login.stderr).not.toContain("secret");
    expect(await runMuster(["agents"], { env })).toMatchObject({ code: 0 });
    expect(api.requests[1]?.token).toBe("secret");
  });

  test("forgets one that does not", async () => {
    await using home = await temporaryFolder();
    await using api = await stubApi({ "GET /api/v1/session": () => "AUTH_REQUIRED" });
    const env = { HOME: home.path };
    expect(await runMuster(["login", api.address, "--token", "x"], { env })).toMatchObject({ code: 4 });
    expect(await runMuster(["agents"], { env })).toMatchObject({ code: 2 });
  });
});
