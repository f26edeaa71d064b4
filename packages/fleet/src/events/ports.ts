import type { EventView } from "@muster/protocol/http";
import type { Page, PageQuery } from "../ports.ts";
import type { Database } from "../store/database.ts";

export type EventCategory = EventView["category"];
export type EventSeverity = EventView["severity"];

/** Something that happened, for those who are not looking. */
export interface NewEvent {
  /** `upgrade_started`, `rollout_paused`; for a failure the short name that the error registry has for its code. */
  readonly type: string;
  readonly category: EventCategory;
  readonly severity: EventSeverity;
  readonly message: string;
  /** Error code. */
  readonly code?: string | null;
  readonly agentId?: string | null;
  readonly rolloutId?: string | null;
  readonly targetId?: string | null;
  /** From 0. */
  readonly wave?: number | null;
  readonly product?: string | null;
  readonly version?: string | null;
  readonly data?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface EventRecord extends Required<NewEvent> {
  /** Rises with every event; where a reader goes on. Numbers can be missing. */
  readonly sequence: number;
  /** Of this event alone: who has seen it has seen the event. */
  readonly id: string;
  readonly at: number;
}

/** Takes events in. */
export interface EventJournal {
  /** Inside the transaction that makes them happen, so that none is lost and none is there twice. */
  append(trx: Database, events: readonly NewEvent[]): Promise<void>;
  /** Calls back soon after events were appended, at least once for the last of them; returns how to end it. */
  subscribe(wake: () => void): () => void;
}

export interface EventFilter {
  /** Each a whole type, or its beginning and `*`; any of them. */
  readonly types?: readonly string[] | undefined;
  readonly category?: EventCategory | undefined;
  /** At least this. */
  readonly severity?: EventSeverity | undefined;
  readonly agentId?: string | undefined;
  readonly rolloutId?: string | undefined;
  /** Milliseconds since 1970; from this on. */
  readonly since?: number | undefined;
  /** Before this. */
  readonly until?: number | undefined;
}

/** Reads events, in the order of their sequence. */
export interface EventLog {
  /** Newest first. Throws `REQUEST_INVALID` for a cursor that is none. */
  list(query: PageQuery & EventFilter): Promise<Page<EventRecord>>;
  /** The next ones after a sequence, at most so many of those that the filter lets through. */
  after(sequence: number, filter: EventFilter, limit: number): Promise<EventBatch>;
  /** The newest sequence; 0: nothing has ever happened. */
  newest(): Promise<number>;
  /** Removes the oldest: what is older than this, and beyond so many. Says how many went. */
  prune(limits: { readonly olderThan: number; readonly keepMax: number }): Promise<number>;
}

export interface EventBatch {
  readonly events: readonly EventRecord[];
  /** Everything up to here has been looked at. */
  readonly through: number;
  /** Events after the sequence that was asked for are not kept any more. */
  readonly isGap: boolean;
}
