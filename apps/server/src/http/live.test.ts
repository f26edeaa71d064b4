import { connect } from "node:net";
import { createClient, type LiveEvent } from "@muster/protocol/http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets and processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi();
});
afterEach(() => api.close());

/** Reads events as they come. */
async function openStream(query = "", headers: Record<string, string> = {}) {
  const controller = new AbortController();
  const response = await api.call(`/api/v1/live${query}`, { headers, signal: controller.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    response,
    close: () => controller.abort(),
    /** Everything received so far, once it has so many events. */
    until: async (count: number) => {
      while (eventsIn(text).length < count) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`the stream ended after ${text}`);
        text += value;
      }
      return eventsIn(text);
    },
  };
}

function eventsIn(text: string) {
  return [...text.matchAll(/id: (.*)\nevent: (.*)\ndata: (.*)\n\n/g)].map(([, id = "", event, data = ""]) => {
    return { id, event, data: JSON.parse(data) as Record<string, unknown> };
  });
}

/** Publishes a change and lets the feed look at it. */
function change(targetId: string): void {
  api.bus.publish({ kind: "target", rolloutId: "r1", targetId });
  api.clock.advance(250);
}

describe("the stream of events", () => {
  test("begins with how things stand, then tells what changes", async () => {
    const stream = await openStream("?rollout=r1");
    expect(stream.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(stream.response.headers.get("cache-control")).toBe("no-store");
    expect(stream.response.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect((await stream.until(2)).map(({ event }) => event)).toEqual(["overview", "rollout"]);
    change("t1");
    const events = await stream.until(5);
    expect(events.slice(2).map(({ event }) => event)).toEqual(["targets", "rollout", "overview"]);
    expect(events[2]?.data).toMatchObject({ rolloutId: "r1", targets: [{ id: "t1" }] });
    stream.close();
  });

  test("goes on after the last event a client had", async () => {
    const first = await openStream();
    await first.until(1);
    change("t1");
    const [, , , last] = await first.until(4);
    first.close();
    change("t2");
    const again = await openStream("", { "last-event-id": last?.id ?? "" });
    const [missed] = await again.until(1);
    expect(missed).toMatchObject({ event: "targets", data: { targets: [{ id: "t2" }] } });
    again.close();
  });

  test("begins with reset for a place of another process", async () => {
    const stream = await openStream("", { "last-event-id": "before-17" });
    expect((await stream.until(2)).map(({ event }) => event)).toEqual(["reset", "overview"]);
    stream.close();
  });

  test("of a rollout that does not exist is an error", async () => {
    const response = await api.call("/api/v1/live?rollout=nothing");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "RESOURCE_NOT_FOUND" });
  });

  test("ends when its session does", async () => {
    const token = await api.tokenFor("viewer");
    const response = await api.call("/api/v1/live", { token });
    const reader = response.body?.getReader();
    await reader?.read();
    await api.revokeTokens();
    api.clock.advance(15_000);
    let done = false;
    while (!done) done = (await reader?.read())?.done ?? true;
    expect(done).toBe(true);
  });

  test("ends when the server does", async () => {
    const other = await startTestApi();
    const response = await other.call("/api/v1/live");
    const reader = response.body?.getReader();
    await reader?.read();
    await other.close();
    await expect(
      (async () => {
        while (!(await reader?.read())?.done);
      })(),
    ).resolves.toBeUndefined();
  });

  test("survives readers that vanish without a word", async () => {
    for (let index = 0; index < 20; index += 1) {
      const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
      socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.adminToken}\r\n\r\n`);
      await new Promise((resolve) => socket.once("data", resolve));
      socket.resetAndDestroy();
    }
    change("t1");
    const stream = await openStream();
    await stream.until(1);
    stream.close();
    expect(api.log).toEqual([]);
  });

  test("is followed by the typed client", async () => {
    const client = createClient({ server: api.url, token: api.adminToken });
    const controller = new AbortController();
    const seen: LiveEvent["event"][] = [];
    for await (const { event } of client.events({ rollout: "r1", signal: controller.signal })) {
      // The client's own word that it begins.
      if (event === "reset") continue;
      seen.push(event);
      if (event === "rollout") change("t1");
      if (event === "targets") break;
    }
    controller.abort();
    expect(seen).toEqual(["overview", "rollout", "targets"]);
  });
});
