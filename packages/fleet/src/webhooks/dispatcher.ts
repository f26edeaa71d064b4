import type { Database } from "../store/database.ts";
import type { WebhookDeliveryRow, WebhookRow } from "../store/schema.ts";
import { attemptDelivery, type AttemptPorts } from "./attempt.ts";
import { enqueueEvents, type EnqueuePorts } from "./enqueue.ts";

export interface DispatcherPorts extends AttemptPorts, Omit<EnqueuePorts, "now"> {
  /** Told what failed with nobody waiting for it; it is tried again. */
  readonly onError: (error: unknown) => void;
}

/** Makes the deliveries that are due. */
export interface Dispatcher {
  start(): void;
  /** There may be something to do. */
  poke(): void;
  /** Ends what is under way; it is tried again at the next start. */
  stop(): Promise<void>;
  /** Resolves when nothing is under way any more, and nothing due is left. */
  idle(): Promise<void>;
}

const AT_ONCE = 16;
/** Of one receiver: a slow one must not take all the places. */
const AT_ONCE_PER_WEBHOOK = 4;
const RETRY_ROUND_MS = 5000;
/** A timer cannot be set for longer than this; what is due later is looked at again. */
const LONGEST_SLEEP_MS = 3_600_000;

export function createDispatcher(ports: DispatcherPorts): Dispatcher {
  const { db, clock, events, onError } = ports;
  const stopping = new AbortController();
  let round: Promise<void> = Promise.resolve();
  let isAgain = false;
  let isRunning = false;
  let callOff: (() => void) | null = null;
  let leave: (() => void) | null = null;

  const attempts = createAttempts({ ...ports, signal: stopping.signal, onEnd: () => poke() });
  const poke = () => {
    isAgain = true;
    if (isRunning || stopping.signal.aborted || leave === null) return;
    isRunning = true;
    round = run().finally(() => {
      isRunning = false;
      if (isAgain) poke();
    });
  };

  const run = async () => {
    while (isAgain && !stopping.signal.aborted) {
      isAgain = false;
      try {
        await enqueueEvents({ ...ports, now: () => clock.now() });
        for (const due of await readDue(db, clock.now())) attempts.begin(due);
        await sleepUntilDue();
      } catch (error) {
        onError(error);
        sleepUntil(clock.now() + RETRY_ROUND_MS);
      }
    }
  };

  const sleepUntilDue = async () => {
    const next = await readNextDue(db, attempts.ids());
    // What is due already waits for a place; the end of an attempt pokes.
    if (next !== null && (next > clock.now() || attempts.ids().length === 0)) sleepUntil(next);
  };
  const sleepUntil = (at: number) => {
    callOff?.();
    callOff = clock.wakeAt(Math.min(at, clock.now() + LONGEST_SLEEP_MS), () => {
      callOff = null;
      poke();
    });
  };

  const idle = async () => {
    for (let isBusy = true; isBusy; isBusy = isRunning || attempts.ids().length > 0) {
      await round;
      await attempts.all();
    }
  };

  return {
    start: () => {
      leave = events.subscribe(poke);
      poke();
    },
    poke,
    stop: async () => {
      stopping.abort();
      leave?.();
      callOff?.();
      await idle();
    },
    idle,
  };
}

interface Due {
  readonly webhook: WebhookRow;
  readonly delivery: WebhookDeliveryRow;
}

/** The attempts under way, each in one of a few places. */
function createAttempts(
  ports: DispatcherPorts & { readonly signal: AbortSignal; readonly onEnd: () => void },
) {
  const underWay = new Map<string, { readonly webhookId: string; readonly done: Promise<void> }>();
  return {
    /** Does nothing while there is no place for it, or it has one. */
    begin: ({ webhook, delivery }: Due) => {
      const ofSame = [...underWay.values()].filter(({ webhookId }) => webhookId === webhook.id).length;
      const isFull = underWay.size >= AT_ONCE || ofSame >= AT_ONCE_PER_WEBHOOK;
      if (isFull || underWay.has(delivery.id)) return;
      const { signal, onError, onEnd } = ports;
      const done = attemptDelivery(ports, webhook, { delivery, signal })
        .catch((error: unknown) => {
          if (!signal.aborted) onError(error);
        })
        .finally(() => {
          underWay.delete(delivery.id);
          onEnd();
        });
      underWay.set(delivery.id, { webhookId: webhook.id, done });
    },
    ids: () => [...underWay.keys()],
    all: () => Promise.all([...underWay.values()].map(({ done }) => done)),
  };
}

/** Deliveries that are due, at most a few of each webhook, oldest first. */
async function readDue(db: Database, now: number): Promise<Due[]> {
  const webhooks = await db.selectFrom("webhooks").selectAll().where("enabled", "=", 1).execute();
  const due: Due[] = [];
  for (const webhook of webhooks) {
    const rows = await db
      .selectFrom("webhook_deliveries")
      .selectAll()
      .where("webhook_id", "=", webhook.id)
      .where("state", "=", "pending")
      .where("next_attempt_at", "<=", now)
      .orderBy("next_attempt_at")
      .orderBy("id")
      .limit(AT_ONCE_PER_WEBHOOK * 2)
      .execute();
    due.push(...rows.map((delivery) => ({ webhook, delivery })));
  }
  return due;
}

async function readNextDue(db: Database, except: readonly string[]): Promise<number | null> {
  const row = await db
    .selectFrom("webhook_deliveries")
    .innerJoin("webhooks", "webhooks.id", "webhook_deliveries.webhook_id")
    .where("webhooks.enabled", "=", 1)
    .where("next_attempt_at", "is not", null)
    .$if(except.length > 0, (some) => some.where("webhook_deliveries.id", "not in", except))
    .select("next_attempt_at")
    .orderBy("next_attempt_at")
    .limit(1)
    .executeTakeFirst();
  return row?.next_attempt_at ?? null;
}
