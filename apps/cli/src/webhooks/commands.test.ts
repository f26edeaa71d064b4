import { describe, expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";

const WEBHOOK = {
  id: "w1",
  url: "https://siem.example/hook",
  description: "",
  filter: { types: ["upgrade_*"], category: null, severity: "error" },
  enabled: true,
  disabledWhy: null,
  failingSince: null,
  pending: 0,
  dead: 2,
  createdAt: 1,
  createdBy: "ada",
};
const DELIVERY = {
  id: "d1",
  webhookId: "w1",
  eventId: "e1",
  eventType: "webhook_test",
  state: "dead",
  attempts: 1,
  nextAttemptAt: null,
  lastStatus: 500,
  lastError: "the receiver answered 500",
  createdAt: 1,
  endedAt: 2,
};

describe("muster webhook", () => {
  test("add prints the secret alone, so that it can be piped", async () => {
    await using api = await stubApi({ "POST /api/v1/webhooks": () => ({ ...WEBHOOK, secret: "whsec_x" }) });
    const args = ["webhook", "add", WEBHOOK.url, "--event", "upgrade_*", "--severity", "error"];
    const { stdout, stderr } = await runMuster(args, { env: api.env });
    expect(stdout).toBe("whsec_x\n");
    expect(stderr).toContain("muster webhook test w1");
    expect(JSON.parse(api.requests[0]?.body.toString() ?? "")).toEqual({
      url: WEBHOOK.url,
      filter: { types: ["upgrade_*"], severity: "error" },
    });
  });

  test("list shows what works and what does not", async () => {
    const off = { ...WEBHOOK, id: "w2", enabled: false, disabledWhy: "the receiver says that it is gone" };
    await using api = await stubApi({ "GET /api/v1/webhooks": () => pageOf([WEBHOOK, off]) });
    const { stdout } = await runMuster(["webhook", "list"], { env: api.env });
    expect(stdout).toMatch(/w1 +on +0 +2/);
    expect(stdout).toMatch(/w2 +off .*says that it is gone/);
  });

  test("a trial fails when the receiver does not take it", async () => {
    await using api = await stubApi({ "POST /api/v1/webhooks/w1/test": () => DELIVERY });
    const result = await runMuster(["webhook", "test", "w1"], { env: api.env });
    expect(result).toMatchObject({ code: 1, stdout: expect.stringContaining("answered 500") });
  });

  test("deliveries can be narrowed to those that were given up, which redeliver sends again", async () => {
    await using api = await stubApi({
      "GET /api/v1/webhooks/w1/deliveries": () => pageOf([DELIVERY]),
      "POST /api/v1/webhooks/w1/redeliver": () => ({ redelivered: 1 }),
    });
    const listed = await runMuster(["webhook", "deliveries", "w1", "--state", "dead"], { env: api.env });
    expect(listed.stdout).toMatch(/d1 .*webhook_test +dead +1 .*500 +the receiver answered 500/);
    expect(api.requests[0]?.query).toMatchObject({ state: "dead" });
    const again = await runMuster(["webhook", "redeliver", "w1"], { env: api.env });
    expect(again.stdout).toBe("1 are sent again.\n");
    expect(JSON.parse(api.requests[1]?.body.toString() ?? "")).toEqual({});
  });

  test("enable and disable switch it, remove removes it", async () => {
    await using api = await stubApi({
      "PUT /api/v1/webhooks/w1": () => WEBHOOK,
      "DELETE /api/v1/webhooks/w1": () => undefined,
    });
    await runMuster(["webhook", "disable", "w1"], { env: api.env });
    await runMuster(["webhook", "enable", "w1"], { env: api.env });
    const bodies = api.requests.map(({ body }) => JSON.parse(body.toString()) as unknown);
    expect(bodies).toEqual([{ enabled: false }, { enabled: true }]);
    const removed = await runMuster(["webhook", "remove", "w1"], { env: api.env });
    expect(removed.stdout).toBe("Removed webhook w1.\n");
  });
});
