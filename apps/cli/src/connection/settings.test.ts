import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { loginFile, resolveConnection, saveLogin } from "./settings.ts";

const saved = { server: "https://muster.example", token: "saved" };

describe("the connection", () => {
  test("is what the options say, before the environment, before the saved login", async () => {
    await using home = await temporaryFolder();
    const env = { HOME: home.path, MUSTER_SERVER: "https://env.example", MUSTER_TOKEN: "env" };
    await saveLogin(saved, env);
    expect(await resolveConnection({ server: "https://flag.example", token: "flag" }, env)).toEqual({
      server: "https://flag.example",
      token: "flag",
    });
    expect(await resolveConnection({}, env)).toEqual({ server: "https://env.example", token: "env" });
    expect(await resolveConnection({}, { HOME: home.path })).toEqual(saved);
  });

  test("never carries the saved token to another server", async () => {
    await using home = await temporaryFolder();
    const env = { HOME: home.path };
    await saveLogin(saved, env);
    const elsewhere = await resolveConnection({ server: "https://evil.example" }, env);
    expect(elsewhere.token).toBeUndefined();
    expect((await resolveConnection({ server: "https://muster.example/" }, env)).token).toBe("saved");
    expect(
      (await resolveConnection({}, { ...env, MUSTER_SERVER: "https://evil.example" })).token,
    ).toBeUndefined();
  });

  test("without a server is wrong usage", async () => {
    await using home = await temporaryFolder();
    await expect(resolveConnection({}, { HOME: home.path })).rejects.toMatchObject({ code: "USAGE_INVALID" });
  });
});

describe("the saved login", () => {
  test("is readable by its owner only, also when it was not before", async () => {
    await using home = await temporaryFolder();
    const env = { XDG_CONFIG_HOME: home.path };
    const path = await saveLogin(saved, env);
    expect(path).toBe(home.at("muster", "config.json"));
    await chmod(path, 0o644);
    await saveLogin({ ...saved, token: "new" }, env);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ schema: 1, ...saved, token: "new" });
  });

  test.each(["", "{}", '{"schema":1,"server":5,"token":"x"}', "[".repeat(1000)])(
    "that is damaged (%j) is said to be so",
    async (content) => {
      await using home = await temporaryFolder();
      const env = { HOME: home.path };
      await mkdir(home.at(".config", "muster"), { recursive: true });
      await writeFile(loginFile(env), content);
      await expect(resolveConnection({}, env)).rejects.toMatchObject({
        code: "FILE_NOT_READABLE",
        details: { path: loginFile(env) },
      });
    },
  );
});
