import { expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";
import { sampleRelease } from "../testing/views.ts";

test("release list and yank speak to the registry", async () => {
  await using api = await stubApi({
    "GET /api/v1/releases": () => pageOf([sampleRelease()]),
    "POST /api/v1/releases/acme-agent/1.0.0/yank": () => sampleRelease({ state: "yanked" }),
  });
  const list = await runMuster(["release", "list"], { env: api.env });
  expect(list.stdout).toMatch(/acme-agent +1\.0\.0 +stable +ready +linux\/amd64/);
  const yank = await runMuster(["release", "yank", "acme-agent", "1.0.0", "--why", "broken"], {
    env: api.env,
  });
  expect(yank.stdout).toMatch(/State +yanked/);
  expect(await runMuster(["release", "yank", "acme-agent", "1.0.0"], { env: api.env })).toMatchObject({
    code: 2,
  });
});
