import {
  type Clock,
  createDispatcher,
  createIdSource,
  createWebhooks,
  createWebhookSender,
  type Database,
  type Network,
  type Random,
  type Sealer,
  type Webhooks,
} from "@muster/fleet";
import type { Closing } from "./closing.ts";
import type { Records } from "./open-records.ts";

export interface WebhookSources extends Records {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly sealer: Sealer;
  readonly network: Network;
  /** See `createWebhookSender`. */
  readonly webhookAllow: readonly string[];
  /** CloudEvents' `source`. */
  readonly source: string;
  readonly onError: (error: unknown) => void;
}

/** Webhooks, and what delivers to them from now on. */
export function openWebhooks(sources: WebhookSources, closing: Closing): Webhooks {
  const { clock, random, network, webhookAllow } = sources;
  const ports = {
    ...sources,
    log: sources.eventLog,
    newId: createIdSource(clock, random),
    sender: createWebhookSender(network, webhookAllow),
    chance: () => (random.bytes(1)[0] ?? 0) / 255,
  };
  const dispatcher = createDispatcher(ports);
  closing.add(() => dispatcher.stop());
  dispatcher.start();
  return createWebhooks({ ...ports, dispatcher });
}
