import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createEventJournal,
  createEventLog,
  createSystemRandom,
  type Database,
  type EventFilter,
  type EventJournal,
  openDatabase,
} from "@muster/fleet";
import { cloudEventSchema, createClient } from "@muster/protocol/http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createManualClock, type ManualClock } from "../gateway/testing/manual-clock.ts";
import { startTestApi } from "../testing/test-api.ts";
import type { EventSink } from "./event-stream.ts";
import { serveEventLog } from "./serve-event-log.ts";

let folder: string;
let db: Database;
let clock: ManualClock;
let journal: EventJournal;

async function start(): Promise<void> {
  db = await openDatabase({ path: join(folder, "muster.db") });
  journal = createEventJournal({ clock, random: createSystemRandom() });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-events-"));
  clock = createManualClock();
  await start();
});
afterEach(async () => {
  await db.destroy();
  await rm(folder, { recursive: true, force: true });
});

const happen = (...types: readonly string[]) =>
  db.transaction().execute((trx) =>
    journal.append(
      trx,
      types.map((type) => ({ type, category: "upgrade", severity: "info", message: type, agentId: "a1" })),
    ),
  );

/** A reader that keeps what it got, and hangs up when it is told. */
function read(options: { after?: number | null; filter?: EventFilter; format?: "sse" | "ndjson" } = {}) {
  const written: string[] = [];
  const onEnds: (() => void)[] = [];
  let ended = false;
  const sink: EventSink = {
    write: async (text) => void written.push(text),
    get ended() {
      return ended;
    },
    end: () => {
      ended = true;
      for (const onEnd of onEnds) onEnd();
    },
    onEnd: (callback) => void onEnds.push(callback),
  };
  const { after = null, filter = {}, format = "ndjson" } = options;
  const reader = { after, filter, format, source: "/muster", clock, isAllowed: async () => true };
  const served = serveEventLog({ log: createEventLog(db), journal }, sink, reader);
  const events = () =>
    written
      .filter((text) => text.trim() !== "" && !text.startsWith(":"))
      .map((text) => cloudEventSchema.parse(JSON.parse(text)));
  return {
    written,
    events,
    types: () => events().map(({ type }) => type.replace("muster.", "")),
    hangUp: async () => {
      sink.end();
      await served;
    },
  };
}

const until = (check: () => void) =>
  vi.waitFor(() => {
    clock.advance(200);
    check();
  });

test("a reader gets what comes from now on, in the envelope of CloudEvents", async () => {
  await happen("upgrade_started");
  const reader = read();
  await until(() => expect(reader.written).toEqual([]));
  await happen("upgrade_downloaded", "upgrade_staged");
  await until(() => expect(reader.types()).toEqual(["upgrade_downloaded", "upgrade_staged"]));
  expect(reader.events()[0]).toMatchObject({
    specversion: "1.0",
    source: "/muster",
    subject: "agents/a1",
    severity: "info",
    sequence: "00000000000000000002",
  });
  await reader.hangUp();
});

test("a reader goes on where it was, after a restart too, without a gap and without a double", async () => {
  const first = read({ after: 0 });
  await happen("one", "two");
  await until(() => expect(first.types()).toEqual(["one", "two"]));
  const place = Number(first.events().at(-1)?.sequence);
  await first.hangUp();
  await happen("three");

  await db.destroy();
  await start();
  const second = read({ after: place });
  await happen("four");
  await until(() => expect(second.types()).toEqual(["three", "four"]));
  await second.hangUp();
});

test("more events than are read at once all come, in order", async () => {
  const names = Array.from({ length: 450 }, (_, index) => `event_${index}`);
  await happen(...names);
  const reader = read({ after: 0 });
  await until(() => expect(reader.types()).toEqual(names));
  await reader.hangUp();
});

test("a filter leaves out what is not asked for", async () => {
  const reader = read({ after: 0, filter: { types: ["upgrade_*"] } });
  await happen("rollout_paused", "upgrade_started", "agent_online");
  await until(() => expect(reader.types()).toEqual(["upgrade_started"]));
  await reader.hangUp();
});

test("a reader whose place is not kept any more is told so", async () => {
  await happen("one", "two", "three");
  await createEventLog(db).prune({ olderThan: 0, keepMax: 1 });
  const late = read({ after: 1 });
  await until(() => expect(late.types()).toEqual(["events_missed", "three"]));
  await late.hangUp();
  const whatever = read({ after: 0 });
  await until(() => expect(whatever.types()).toEqual(["three"]));
  await whatever.hangUp();
});

test("as server-sent events each carries its sequence as id", async () => {
  const reader = read({ after: 0, format: "sse" });
  await happen("upgrade_started");
  await until(() =>
    expect(reader.written.join("")).toMatch(/^id: 1\nevent: upgrade_started\ndata: \{.*\}\n\n$/),
  );
  await reader.hangUp();
});

describe("through the API", () => {
  test("the typed client follows, and a list has the same", async () => {
    const api = await startTestApi();
    const client = createClient({ server: api.url, token: api.adminToken });
    const { events } = api.records;
    const add = (type: string) =>
      api.db
        .transaction()
        .execute((trx) =>
          events.append(trx, [
            { type, category: "rollout", severity: "error", message: type, rolloutId: "r1" },
          ]),
        );
    await add("rollout_created");
    const stopping = new AbortController();
    const followed: string[] = [];
    const following = (async () => {
      const { signal } = stopping;
      for await (const { type } of client.eventLog.follow({ after: 0, signal })) followed.push(type);
    })();
    await vi.waitFor(() => expect(followed).toEqual(["muster.rollout_created"]));
    await add("rollout_paused");
    await vi.waitFor(() => {
      api.clock.advance(200);
      expect(followed).toEqual(["muster.rollout_created", "muster.rollout_paused"]);
    });
    stopping.abort();
    await following;
    const page = await client.eventLog.list({
      type: ["rollout_p*", "nothing"],
      severity: "error",
      rollout: "r1",
    });
    expect(page.items).toMatchObject([{ type: "rollout_paused", rolloutId: "r1" }]);
    await api.close();
  });
});
