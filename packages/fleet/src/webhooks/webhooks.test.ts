import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { sql } from "kysely";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWebhookSender } from "../adapters/webhook-sender.ts";
import { PUBLIC_NETWORK } from "../adapters/fetcher/network.ts";
import { createSystemRandom } from "../adapters/system-random.ts";
import { createAudit } from "../audit/audit.ts";
import { createEventJournal } from "../events/event-journal.ts";
import { createEventLog } from "../events/event-log.ts";
import type { EventJournal } from "../events/ports.ts";
import { createIdSource } from "../ids.ts";
import { createSealer } from "../secrets/sealer.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { createDispatcher, type Dispatcher } from "./dispatcher.ts";
import type { Webhooks } from "./ports.ts";
import { ATTEMPTS_MAX } from "./retry-schedule.ts";
import { createWebhooks } from "./webhooks.ts";

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver on this machine; `answer` says what it answers. */
interface Receiver {
  readonly url: string;
  readonly host: string;
  readonly received: Received[];
  answer: (nth: number) => number;
  close(): Promise<void>;
}

async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    const answer = async () => {
      received.push({ headers: request.headers, body: await text(request) });
      response.statusCode = receiver.answer(received.length);
      response.end("thank you");
    };
    void answer();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const receiver: Receiver = {
    url: `http://${host}/hook?from=muster`,
    host,
    received,
    answer: () => 204,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return receiver;
}

let db: Database;
let clock: FakeClock;
let receiver: Receiver;
let journal: EventJournal;
let webhooks: Webhooks;
let dispatcher: Dispatcher;
const ACTOR = { name: "ada", role: "administrator" } as const;

function open(): void {
  const random = createSystemRandom();
  journal = createEventJournal({ clock, random });
  const ports = {
    db,
    clock,
    sender: createWebhookSender(PUBLIC_NETWORK, [receiver.host]),
    sealer: createSealer(new Uint8Array(32)),
    audit: createAudit({ db, clock }),
    events: journal,
    chance: () => 0.5,
    log: createEventLog(db),
    newId: createIdSource(clock, random),
    source: "https://muster.test",
    onError: (error: unknown) => {
      throw error;
    },
  };
  dispatcher = createDispatcher(ports);
  webhooks = createWebhooks({ ...ports, dispatcher });
  dispatcher.start();
}

beforeEach(async () => {
  db = await openDatabase({ path: ":memory:" });
  clock = createFakeClock();
  receiver = await startReceiver();
  open();
});
afterEach(async () => {
  await dispatcher.stop();
  await receiver.close();
  await db.destroy();
});

const happen = (type: string, severity: "info" | "error" = "info") =>
  db
    .transaction()
    .execute((trx) =>
      journal.append(trx, [
        { type, category: "upgrade", severity, message: `${type} happened`, agentId: "a1" },
      ]),
    );

/** Goes on to the next thing that waits for the clock, with what follows from it. */
async function step(): Promise<void> {
  const next = clock.next();
  if (next !== null) clock.goTo(next);
  dispatcher.poke();
  await dispatcher.idle();
}

/** The same until nothing waits any more, or for so long. */
async function pass(ms: number): Promise<void> {
  const end = clock.now() + ms;
  await step();
  for (let next = clock.next(); next !== null && next <= end; next = clock.next()) await step();
  clock.goTo(end);
}

const deliveries = async (id: string) => (await webhooks.deliveries(id, { limit: 100 })).items;

test("an event arrives, signed so that the library of Standard Webhooks believes it", async () => {
  const { id, secret } = await webhooks.create({ url: receiver.url }, ACTOR);
  await happen("upgrade_started");
  await step();
  expect(receiver.received).toHaveLength(1);
  const [{ headers, body } = { headers: {}, body: "" }] = receiver.received;
  expect(headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
  // The library holds the time against the machine's own clock, which the test's is not.
  const verifier = new Webhook(secret);
  const timestamp = new Date(Number(headers["webhook-timestamp"]) * 1000);
  expect(timestamp.getTime()).toBe(Math.floor(clock.now() / 1000) * 1000);
  expect(headers["webhook-signature"]).toBe(verifier.sign(String(headers["webhook-id"]), timestamp, body));
  expect(JSON.parse(body)).toMatchObject({
    specversion: "1.0",
    source: "https://muster.test",
    type: "muster.upgrade_started",
    subject: "agents/a1",
  });
  expect(await deliveries(id)).toMatchObject([{ state: "delivered", attempts: 1, lastStatus: 204 }]);
});

test("a signature of today is verified by the library, and one byte more is not", async () => {
  await dispatcher.stop();
  clock = createFakeClock(Date.now());
  open();
  const { secret } = await webhooks.create({ url: receiver.url }, ACTOR);
  await happen("upgrade_started");
  await step();
  const [{ headers, body } = { headers: {}, body: "" }] = receiver.received;
  const signed = headers as Record<string, string>;
  expect(new Webhook(secret).verify(body, signed)).toMatchObject({ type: "muster.upgrade_started" });
  expect(() => new Webhook(secret).verify(`${body} `, signed)).toThrow("signature");
  expect(() => new Webhook(`whsec_${Buffer.alloc(32).toString("base64")}`).verify(body, signed)).toThrow(
    "signature",
  );
});

test("only what the filter lets through is sent, and only what happens after it was made", async () => {
  await happen("upgrade_started", "error");
  const { id } = await webhooks.create(
    { url: receiver.url, filter: { types: ["upgrade_*"], severity: "error" } },
    ACTOR,
  );
  await happen("upgrade_started");
  await happen("upgrade_disk_full", "error");
  await happen("rollout_failed", "error");
  await step();
  expect((await deliveries(id)).map(({ eventType }) => eventType)).toEqual(["upgrade_disk_full"]);
});

test("what fails is tried again, later and later, with the same id, for about a day", async () => {
  const { id } = await webhooks.create({ url: receiver.url }, ACTOR);
  receiver.answer = (nth) => (nth === 4 ? 200 : 500);
  const begun = clock.now();
  await happen("upgrade_started");
  for (let attempt = 0; attempt < 4; attempt += 1) await step();
  expect(receiver.received).toHaveLength(4);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"]))).toHaveLength(1);
  expect(await deliveries(id)).toMatchObject([{ state: "delivered", attempts: 4 }]);
  // Half a minute and two minutes follow the first five seconds.
  expect(clock.now() - begun).toBeGreaterThanOrEqual(155_000);
  expect(await webhooks.read(id)).toMatchObject({ failingSince: null, pending: 0 });
});

test("what nobody takes for a day is given up, listed, and sent again on demand", async () => {
  const { id } = await webhooks.create({ url: receiver.url }, ACTOR);
  receiver.answer = () => 503;
  await happen("upgrade_started");
  await pass(20 * 3_600_000);
  expect(receiver.received.length).toBeLessThan(ATTEMPTS_MAX);
  await pass(8 * 3_600_000);
  expect(receiver.received).toHaveLength(ATTEMPTS_MAX);
  const dead = await webhooks.deliveries(id, { limit: 10, state: "dead" });
  expect(dead.items).toMatchObject([{ lastStatus: 503, lastError: "the receiver answered 503" }]);
  receiver.answer = () => 200;
  expect(await webhooks.redeliver(id, null)).toBe(1);
  await dispatcher.idle();
  expect(await deliveries(id)).toMatchObject([{ state: "delivered" }]);
  expect(await webhooks.redeliver(id, null)).toBe(0);
});

test("a receiver that takes nothing for days is switched off, which is recorded and told", async () => {
  const { id } = await webhooks.create({ url: receiver.url, filter: { types: ["upgrade_*"] } }, ACTOR);
  receiver.answer = () => 500;
  for (let day = 0; day < 5; day += 1) {
    expect(await webhooks.read(id)).toMatchObject({ enabled: true });
    await happen("upgrade_started");
    await pass(86_400_000);
  }
  await happen("upgrade_started");
  await pass(3_600_000);
  expect((await webhooks.read(id)).disabledWhy).toContain("500");
  const audit = await db.selectFrom("audit_log").select(["action", "actor_name", "resource_id"]).execute();
  expect(audit).toEqual([{ action: "webhook.disable", actor_name: "muster", resource_id: id }]);
  const told = await db.selectFrom("events").select("type").where("category", "=", "webhook").execute();
  expect(told).toEqual([{ type: "webhook_disabled" }]);

  const before = receiver.received.length;
  await happen("upgrade_started");
  await step();
  expect(receiver.received).toHaveLength(before);
  receiver.answer = () => 200;
  expect(await webhooks.update(id, { enabled: true })).toMatchObject({
    disabledWhy: null,
    failingSince: null,
  });
});

test("a receiver that says that it is gone is asked no more", async () => {
  const { id } = await webhooks.create({ url: receiver.url }, ACTOR);
  receiver.answer = () => 410;
  await happen("upgrade_started");
  await step();
  expect(await webhooks.read(id)).toMatchObject({ enabled: false, dead: 1 });
});

test("a restart neither loses an event nor makes two deliveries of one", async () => {
  const { id } = await webhooks.create({ url: receiver.url }, ACTOR);
  receiver.answer = () => 500;
  await happen("upgrade_started");
  await step();
  await dispatcher.stop();
  await happen("upgrade_completed");
  receiver.answer = () => 200;
  open();
  await pass(60_000);
  const ended = (await deliveries(id)).map(({ eventType, state }) => `${eventType} ${state}`);
  // Within a millisecond the two servers' ids have no order.
  expect(ended.toSorted()).toEqual(["upgrade_completed delivered", "upgrade_started delivered"]);
});

test("a test is sent once, says how it went, and is never tried again", async () => {
  const { id } = await webhooks.create({ url: receiver.url }, ACTOR);
  receiver.answer = () => 302;
  expect(await webhooks.test(id)).toMatchObject({ state: "dead", attempts: 1, lastStatus: 302 });
  receiver.answer = () => 200;
  expect(await webhooks.test(id)).toMatchObject({ state: "delivered", eventType: "webhook_test" });
  expect(await webhooks.redeliver(id, null)).toBe(0);
});

test("the secret is nowhere in the database, nor in what is listed", async () => {
  const { secret, id } = await webhooks.create({ url: receiver.url }, ACTOR);
  expect(JSON.stringify(await webhooks.read(id))).not.toContain(secret);
  const { rows } = await sql`select * from webhooks`.execute(db);
  expect(JSON.stringify(rows)).not.toContain(secret.slice(6));
});

const inside = (address: string, listed: readonly string[]) =>
  createWebhookSender({ ...PUBLIC_NETWORK, resolve: async () => [{ address, family: 4 }] }, listed).send({
    url: "https://receiver.example/",
    headers: {},
    body: "",
    signal: new AbortController().signal,
  });

describe("an address", () => {
  test.each([
    "http://receiver.example/hook",
    "https://127.0.0.1/hook",
    "https://[::1]/hook",
    "https://10.0.0.7/hook",
    "https://169.254.169.254/latest",
    "https://2130706433/hook",
    "https://user:secret@receiver.example/hook",
    "file:///etc/passwd",
    "not an address",
  ])("%s is refused", async (url) => {
    await expect(webhooks.create({ url }, ACTOR)).rejects.toMatchObject({
      code: "WEBHOOK_DESTINATION_FORBIDDEN",
    });
  });

  test("whose name leads inside is refused when it is sent to, listed or not", async () => {
    const forbidden = { code: "WEBHOOK_DESTINATION_FORBIDDEN" };
    await expect(inside("192.168.1.1", [])).rejects.toMatchObject(forbidden);
    // The metadata of a cloud machine is no receiver, whoever lists it.
    await expect(inside("169.254.169.254", ["receiver.example"])).rejects.toMatchObject(forbidden);
  });
});
