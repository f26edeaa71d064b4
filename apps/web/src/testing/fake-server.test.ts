import {
  agentPageSchema,
  agentSchema,
  liveEventSchema,
  overviewSchema,
  problemSchema,
  rolloutPageSchema,
  rolloutSchema,
  sessionSchema,
  targetPageSchema,
} from "@muster/protocol/http";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApi } from "../api/api.ts";
import { problemOf } from "../api/problem.ts";
import type { Fetch } from "../api/request.ts";
import { FAKE_TOKEN, type FakeServer, startFakeServer } from "./fake-server.ts";

// The pages are looked at over the fake, so the fake has to speak as the API does.
let server: FakeServer;
let cookie = "";
const fetcher: Fetch = async (path, init) => {
  const headers = new Headers(init.headers);
  headers.set("cookie", cookie);
  const response = await fetch(server.address + path, { ...init, headers });
  cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
  return response;
};
const api = createApi(fetcher);

beforeAll(async () => {
  server = await startFakeServer({ port: 0, scene: "busy", agents: 120, dist: "." });
});
afterAll(() => server.close());

test("without a session everything is a problem that asks to sign in", async () => {
  const problem = await api.overview().catch(problemOf);
  expect(problemSchema.parse(problem).code).toBe("AUTH_REQUIRED");
  expect(await api.signIn("wrong").catch(problemOf)).toMatchObject({ status: 401 });
});

test("every answer has the form of its schema", async () => {
  expect(sessionSchema.parse(await api.signIn(FAKE_TOKEN)).role).toBe("administrator");
  sessionSchema.parse(await api.session());
  overviewSchema.parse(await api.overview());
  const agents = agentPageSchema.parse(await api.agents({}, null));
  agentSchema.parse(await api.agent(agents.items[0]!.id));
  targetPageSchema.parse(await api.agentTargets(agents.items[0]!.id));
  const rollouts = rolloutPageSchema.parse(await api.rollouts(undefined, null));
  for (const { id } of rollouts.items) {
    rolloutSchema.parse(await api.rollout(id));
    targetPageSchema.parse(await api.targets(id, { filter: {}, cursor: null }));
  }
});

test("a verb answers with the rollout as it then is, and one that is not allowed with why", async () => {
  const [running] = (await api.rollouts("running", null)).items;
  const paused = rolloutSchema.parse(await api.act(running!.id, "pause"));
  expect(paused.state).toBe("paused");
  expect(await api.act(running!.id, "pause").catch(problemOf)).toMatchObject({
    code: "ROLLOUT_TRANSITION_INVALID",
  });
  expect((await api.act(running!.id, "resume")).state).toBe("running");
});

test("every event has the form of its schema", async () => {
  const stopping = new AbortController();
  const response = await fetcher("/api/v1/live", { signal: stopping.signal });
  const seen = new Set<string>();
  const parser = createParser({
    onEvent: ({ event, data }: EventSourceMessage) => {
      seen.add(liveEventSchema.parse({ event, data: JSON.parse(data) }).event);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (seen.has("rollout") && seen.has("targets") && seen.has("overview")) break;
  }
  stopping.abort();
  expect([...seen].toSorted()).toEqual(["overview", "rollout", "targets"]);
});
