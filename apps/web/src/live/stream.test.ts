import type { LiveEvent } from "@muster/protocol/http";
import { expect, test } from "vitest";
import type { Fetch } from "../api/request.ts";
import type { Connection } from "./liveness.ts";
import { openStream } from "./stream.ts";

interface Sent {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal | null | undefined;
  readonly answer: (response: Response) => void;
}

/** Timers that the test lets go off, and connections that it answers. */
function surroundings() {
  const timers = new Set<{ ms: number; callback: () => void }>();
  const requests: Sent[] = [];
  const waiting: (() => void)[] = [];
  const fetch: Fetch = (_, init) =>
    new Promise((answer, fail) => {
      init.signal?.addEventListener("abort", () => fail(new Error("aborted")));
      requests.push({ headers: init.headers as Record<string, string>, signal: init.signal, answer });
      for (const wake of waiting.splice(0)) wake();
    });
  const after = (ms: number, callback: () => void) => {
    const timer = { ms, callback };
    timers.add(timer);
    for (const wake of waiting.splice(0)) wake();
    return () => timers.delete(timer);
  };
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const fire = (match: (ms: number) => boolean) => {
    for (const timer of [...timers].filter(({ ms }) => match(ms))) {
      timers.delete(timer);
      timer.callback();
    }
  };
  const notify = () => {
    for (const wake of waiting.splice(0)) wake();
  };
  return { ports: { fetch, after, now: () => 5, random: () => 0 }, timers, requests, until, fire, notify };
}

function recorder(notify: () => void) {
  const connections: Connection["kind"][] = [];
  const events: LiveEvent["event"][] = [];
  let fresh = 0;
  return {
    connections,
    events,
    fresh: () => fresh,
    observer: {
      onConnection: ({ kind }: Connection) => {
        connections.push(kind);
        notify();
      },
      onHeard: () => {},
      onEvent: ({ event }: LiveEvent) => {
        events.push(event);
        notify();
      },
      onFresh: () => {
        fresh += 1;
      },
    },
  };
}

function body() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({ start: (own) => void (controller = own) });
  const encoder = new TextEncoder();
  return {
    response: new Response(stream, { headers: { "content-type": "text/event-stream" } }),
    write: (text: string) => controller?.enqueue(encoder.encode(text)),
    end: () => controller?.close(),
    fail: () => controller?.error(new Error("cut")),
  };
}

const isRetry = (ms: number) => ms < 20_000;

test("events are read, and a broken stream goes on from the last one", async () => {
  const { ports, requests, until, fire, notify, timers } = surroundings();
  const { observer, events, connections, fresh } = recorder(notify);
  const close = openStream("/events", ports, observer);
  const first = body();
  requests[0]!.answer(first.response);
  first.write("id: 41\nevent: overview\ndata: {}\n\n: still here\n\nid: 42\nevent: reset\ndata: {}\n");
  first.write("\nevent: from_a_later_version\ndata: {}\n\n");
  await until(() => events.length === 2);
  expect(events).toEqual(["overview", "reset"]);

  first.end();
  await until(() => [...timers].some(({ ms }) => isRetry(ms)));
  fire(isRetry);
  expect(requests[1]!.headers).toMatchObject({ "last-event-id": "42" });
  requests[1]!.answer(body().response);
  await until(() => connections.filter((kind) => kind === "open").length === 2);
  expect(connections).toEqual(["connecting", "open", "waiting", "connecting", "open"]);
  expect(fresh()).toBe(1);
  close();
});

test("a stream that is silent for too long is cut and opened anew", async () => {
  const { ports, requests, until, fire, notify } = surroundings();
  const { observer, connections } = recorder(notify);
  const close = openStream("/events", ports, observer);
  const silent = body();
  requests[0]!.answer(silent.response);
  await until(() => connections.includes("open"));
  expect(requests[0]!.signal?.aborted).toBe(false);
  fire((ms) => !isRetry(ms));
  expect(requests[0]!.signal?.aborted).toBe(true);
  // What a browser's fetch does to the body of a request that is cut.
  silent.fail();
  await until(() => connections.includes("waiting"));
  fire(isRetry);
  expect(requests).toHaveLength(2);
  close();
});

test("who is not signed in is not asked again and again", async () => {
  const { ports, requests, until, notify, timers } = surroundings();
  const { observer, connections } = recorder(notify);
  openStream("/events", ports, observer);
  requests[0]!.answer(
    new Response(JSON.stringify({ status: 401, code: "AUTH_REQUIRED", detail: "" }), {
      status: 401,
      headers: { "content-type": "application/problem+json" },
    }),
  );
  await until(() => connections.includes("closed"));
  expect(timers.size).toBe(0);
});

test("an overloaded server is asked again later", async () => {
  const { ports, requests, until, notify, timers } = surroundings();
  const { observer, connections } = recorder(notify);
  const close = openStream("/events", ports, observer);
  requests[0]!.answer(new Response("busy", { status: 503 }));
  await until(() => connections.includes("waiting"));
  expect([...timers].map(({ ms }) => ms)).toEqual([250]);
  close();
  expect(timers.size).toBe(0);
});
