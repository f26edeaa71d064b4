import { describe, expect, test } from "vitest";
import { stubApi } from "../testing/stub-api.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { runMuster } from "../testing/test-terminal.ts";

const SESSION = {
  actor: "alice",
  role: "administrator",
  grants: [{ role: "administrator", groupId: null }],
  userId: "usr_1",
  expiresAt: 1000,
};
const bodyOf = (request: { readonly body: Buffer } | undefined): unknown =>
  JSON.parse(request?.body.toString() ?? "null");

describe("muster login --user", () => {
  test("signs in with a password from standard input, and the session's secret is what is remembered", async () => {
    await using home = await temporaryFolder();
    await using api = await stubApi({
      "POST /api/v1/session/password": () => ({ ...SESSION, secret: "mss_secret" }),
      "GET /api/v1/session": () => SESSION,
    });
    const env = { HOME: home.path };
    const args = ["login", api.address, "--user", "alice", "--password-stdin"];
    const login = await runMuster(args, { env, input: "four words\n" });
    expect(login).toMatchObject({ code: 0, stdout: expect.stringContaining("as alice (administrator)") });
    expect(bodyOf(api.requests[0])).toEqual({ name: "alice", password: "four words", carrier: "bearer" });
    expect(login.stdout + login.stderr).not.toMatch(/four words|mss_secret/);
    await runMuster(["whoami"], { env });
    expect(api.requests.at(-1)?.token).toBe("mss_secret");
  });

  test("asks for whatever else is wanted: a code, a new password", async () => {
    await using home = await temporaryFolder();
    const wanted = ["SIGN_IN_PASSWORD_CHANGE_REQUIRED", "SIGN_IN_CODE_REQUIRED"];
    await using api = await stubApi({
      "POST /api/v1/session/password": () => wanted.shift() ?? { ...SESSION, secret: "mss_secret" },
      "GET /api/v1/session": () => SESSION,
    });
    const login = await runMuster(["login", api.address, "--user", "alice"], {
      env: { HOME: home.path },
      isTTY: true,
      answers: ["given words", "my own words", "my own words", "123456"],
    });
    expect(login.code).toBe(0);
    expect(bodyOf(api.requests[2])).toEqual({
      name: "alice",
      password: "given words",
      newPassword: "my own words",
      code: "123456",
      carrier: "bearer",
    });
    expect(login.stderr).not.toMatch(/words|123456/);
  });

  test("refused is refused, once, and nothing is remembered", async () => {
    await using home = await temporaryFolder();
    await using api = await stubApi({ "POST /api/v1/session/password": () => "SIGN_IN_REFUSED" });
    const env = { HOME: home.path };
    const args = ["login", api.address, "--user", "alice", "--password-stdin"];
    const login = await runMuster(args, { env, input: "wrong" });
    expect(login).toMatchObject({ code: 4, stderr: expect.stringContaining("SIGN_IN_REFUSED") });
    expect(api.requests).toHaveLength(1);
    expect(await runMuster(["whoami"], { env })).toMatchObject({ code: 2 });
  });

  test.each([
    [["--user", "alice"], "password-stdin"],
    [["--user", "alice", "--token", "x"], "not both"],
    [["--user", "alice", "--password-stdin"], "empty"],
  ])("with %j is a wrong call: %s", async (more, problem) => {
    const result = await runMuster(["login", "http://127.0.0.1:9", ...more]);
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining(problem) });
  });
});
