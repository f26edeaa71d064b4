import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepSecretsKey } from "./secrets-key.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-secrets-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the secrets' key is made once, kept, and readable by its owner only", async () => {
  const path = join(folder, "secrets.key");
  const key = await keepSecretsKey(path);
  expect(key).toHaveLength(32);
  expect(await keepSecretsKey(path)).toEqual(key);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each(["", "short", "A".repeat(100)])(
  "one that is damaged (%j) is reported, never replaced",
  async (text) => {
    const path = join(folder, `damaged-${text.length}`);
    await writeFile(path, text);
    await expect(keepSecretsKey(path)).rejects.toMatchObject({
      code: "FILE_NOT_READABLE",
      details: { path },
    });
  },
);
