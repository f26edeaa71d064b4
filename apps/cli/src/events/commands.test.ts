import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { pageOf, stubApi } from "../testing/stub-api.ts";
import { runMuster } from "../testing/test-terminal.ts";

const ABOUT = {
  code: "DISK_SHORT",
  message: "Agent a1: no room",
  agentId: "a1",
  rolloutId: "r1",
  targetId: "t1",
  wave: 0,
  product: "app",
  version: "2.0.0",
  data: {},
};
const EVENT = {
  ...ABOUT,
  sequence: 12,
  id: "e12",
  at: 1_900_000_000_000,
  type: "upgrade_disk_full",
  category: "upgrade",
  severity: "error",
};

const cloudEvent = (sequence: number) => ({
  specversion: "1.0",
  id: `e${sequence}`,
  source: "/muster",
  type: "muster.upgrade_disk_full",
  subject: "agents/a1",
  time: "2030-03-17T17:46:40.000Z",
  datacontenttype: "application/json",
  sequence: String(sequence).padStart(20, "0"),
  category: "upgrade",
  severity: "error",
  data: ABOUT,
});
const sent = (sequence: number) =>
  `id: ${sequence}\nevent: upgrade_disk_full\ndata: ${JSON.stringify(cloudEvent(sequence))}\n\n`;

test("muster events lists what happened by every filter", async () => {
  await using api = await stubApi({ "GET /api/v1/events": () => pageOf([EVENT]) });
  const filters = ["--type", "upgrade_*", "--severity", "warning", "--agent", "a1", "--rollout", "r1"];
  const { stdout } = await runMuster(["events", ...filters], { env: api.env });
  expect(stdout).toMatch(/12 .*upgrade_disk_full +DISK_SHORT +Agent a1: no room/);
  expect(api.requests[0]?.query).toMatchObject({
    type: "upgrade_*",
    severity: "warning",
    agent: "a1",
    rollout: "r1",
  });
});

test("muster events --follow goes on where it was when the connection breaks", async () => {
  const connections = [sent(12), sent(13)];
  await using api = await stubApi({
    "GET /api/v1/events/stream": () => {
      const text = connections.shift();
      if (text === undefined) return "AUTH_REQUIRED";
      return (response: ServerResponse) =>
        response.writeHead(200, { "content-type": "text/event-stream" }).end(text);
    },
  });
  const args = ["events", "--follow", "--after", "11", "--json"];
  const { stdout, stderr, code } = await runMuster(args, { env: api.env });
  expect(code).toBe(4);
  const ids = stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { id: string }).id);
  expect(ids).toEqual(["e12", "e13"]);
  expect(api.requests.map(({ query }) => query["after"])).toEqual(["11", "12", "13"]);
  expect(stderr).toContain("it is tried again");
});
