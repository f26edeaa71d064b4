import type { MusterError } from "@muster/core";
import { describe, expect, test } from "vitest";
import { createClient } from "./client.ts";
import type { LiveEvent } from "./events.ts";
import { problem, stubServer, type Answer } from "./testing/stub-server.ts";

const overview = (agents: number) => ({
  agents,
  online: 2,
  offline: 1,
  unknownVersion: 0,
  failed: 0,
  stuck: 0,
  versions: [],
  platforms: [],
  targetStates: {},
  activeRollouts: [],
});

const event = (agents: number, id?: string) =>
  `event: overview\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(overview(agents))}\n\n`;

/** Sends the texts, then leaves the connection open, or ends or breaks it. */
const stream =
  (texts: readonly string[], after: "open" | "end" | "break" = "open"): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    void (async () => {
      for (const text of texts) {
        await new Promise((resolve) => response.write(text, resolve));
      }
      if (after === "end") response.end();
      if (after === "break") response.destroy();
    })();
  };

/** Reads until so many events have come. */
async function take(server: string, count: number, troubles: (MusterError | null)[] = []) {
  const done = new AbortController();
  const client = createClient({ server, token: "secret", wait: () => Promise.resolve() });
  const events: LiveEvent[] = [];
  const options = {
    rollout: "r-1",
    signal: done.signal,
    onTrouble: (error: MusterError | null) => troubles.push(error),
  };
  for await (const next of client.events(options)) {
    events.push(next);
    if (events.length === count) done.abort();
  }
  return events.map((next) => (next.event === "overview" ? next.data.agents : next.event));
}

describe("the stream of events", () => {
  test("gives events as they come, also when cut anywhere, and skips comments and unknown kinds", async () => {
    const text = `: hello\n\nevent: weather\ndata: {}\n\n${event(1, "a")}: still here\n\n${event(2, "b")}`;
    await using server = await stubServer([
      stream([text.slice(0, 60), text.slice(60, 110), text.slice(110)]),
    ]);
    expect(await take(server.address, 3)).toEqual(["reset", 1, 2]);
    expect(server.seen[0]).toMatchObject({
      url: "/api/v1/live?rollout=r-1",
      headers: { accept: "text/event-stream", authorization: "Bearer secret" },
    });
  });

  test.each(["end", "break"] as const)("goes on where it was after the connection's %s", async (after) => {
    await using server = await stubServer([
      stream([event(1, "a"), event(2, "b")], after),
      problem(503, "SERVER_OVERLOADED"),
      stream([event(3, "c")]),
    ]);
    const troubles: (MusterError | null)[] = [];
    expect(await take(server.address, 4, troubles)).toEqual(["reset", 1, 2, 3]);
    expect(server.seen.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "b", "b"]);
    expect(troubles.map((error) => error?.code ?? null)).toEqual([
      null,
      "SERVER_UNREACHABLE",
      "SERVER_OVERLOADED",
      null,
    ]);
  });

  test("tells the reader to start afresh when it cannot know what it missed", async () => {
    await using server = await stubServer([stream([event(1)], "break"), stream([event(2)])]);
    expect(await take(server.address, 4)).toEqual(["reset", 1, "reset", 2]);
  });

  test("ends without an error when the reader wants no more", async () => {
    await using server = await stubServer([stream([event(1, "a")])]);
    expect(await take(server.address, 2)).toEqual(["reset", 1]);
  });

  test("is left by a reader who stops reading", async () => {
    await using server = await stubServer([stream([event(1, "a"), event(2, "b")])]);
    const seen: string[] = [];
    for await (const next of createClient({ server: server.address }).events()) {
      seen.push(next.event);
      if (next.event === "overview") break;
    }
    expect(seen).toEqual(["reset", "overview"]);
  });

  test("throws what does not pass by itself", async () => {
    await using server = await stubServer([problem(401, "AUTH_REQUIRED")]);
    await expect(take(server.address, 1)).rejects.toMatchObject({ code: "AUTH_REQUIRED" });
    expect(server.seen).toHaveLength(1);
  });

  test("throws at an event that is not JSON", async () => {
    await using server = await stubServer([stream(["event: overview\ndata: {\n\n"])]);
    await expect(take(server.address, 2)).rejects.toMatchObject({ code: "INTERNAL_UNEXPECTED" });
  });
});
