import type { Database } from "../store/database.ts";
import type { Page, PageQuery } from "../ports.ts";

/** Who did something. */
export interface AuditActor {
  /** A person, an API token that belongs to nobody, an agent, Muster itself, or somebody who is not known. */
  readonly kind: "user" | "token" | "agent" | "system" | "anonymous";
  readonly name: string;
  /** Of the user or the agent. */
  readonly id?: string | null;
}

/** Where it came from. */
export interface AuditPlace {
  /** The peer's IP address. */
  readonly address: string;
  readonly userAgent: string | null;
  /** `session:<id>` or `token:<id>`, never a secret; null: none. */
  readonly credential: string | null;
}

export type AuditDetail = string | number | boolean | null | readonly string[];
/** Flat, so that it fits a line of CSV. Must not hold secrets. */
export type AuditDetails = Readonly<Record<string, AuditDetail>>;

/** What was done to what. */
export interface AuditDeed {
  /** `noun.verb`, of the registry of actions where it is one of ours: `rollout.pause`, `token.revoke`. */
  readonly action: string;
  readonly resource: { readonly kind: string; readonly id: string } | null;
  readonly details?: AuditDetails;
}

export interface AuditEntry extends AuditDeed {
  readonly actor: AuditActor;
  /** Null: from inside the server. */
  readonly from: AuditPlace | null;
}

/** Writes down what was done. Nothing that is written is ever changed; long texts are cut. */
export interface Audit {
  /** Durable when it resolves; what comes together is written together. Throws `STORE_UNAVAILABLE`. */
  record(entry: AuditEntry): Promise<void>;
  /** Inside the caller's transaction: there if, and only if, what it says was done. */
  recordIn(trx: Database, entries: readonly AuditEntry[]): Promise<void>;
}

/** The same for one caller, who is known: hand it to a use case. */
export interface AuditTrail {
  record(deed: AuditDeed): Promise<void>;
  recordIn(trx: Database, ...deeds: readonly AuditDeed[]): Promise<void>;
}

/** One line of the log, with its place in the chain. */
export interface AuditRecord extends Required<AuditEntry> {
  readonly actor: Required<AuditActor>;
  /** 1, 2, 3 …, without a gap. */
  readonly sequence: number;
  readonly at: number;
  readonly previousHash: string;
  /** SHA-256 of all the above, in hexadecimal. */
  readonly hash: string;
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  /** The whole name, or its beginning and `*`: `rollout.*`. */
  readonly action?: string | undefined;
  /** A kind, or `kind/id`. */
  readonly resource?: string | undefined;
  /** Milliseconds since 1970; from this on. */
  readonly since?: number | undefined;
  /** Before this. */
  readonly until?: number | undefined;
}

/** The end of the chain: kept elsewhere, it proves later that nothing up to it was changed. */
export interface AuditHead {
  /** 0: nothing was ever recorded. */
  readonly sequence: number;
  readonly hash: string;
}

export type AuditVerification =
  | {
      readonly kind: "intact";
      readonly head: AuditHead;
      /** What the first record that is left follows. */
      readonly from: AuditHead;
      readonly checked: number;
      /** Whether the expected head was found; `pruned`: it is older than what is left. */
      readonly anchor: "none" | "met" | "pruned";
    }
  | {
      readonly kind: "broken";
      /** Of the first record that is wrong or missing. */
      readonly sequence: number;
      readonly problem: string;
      /** How many before it are right. */
      readonly checked: number;
    };

/** Reads the log. */
export interface AuditLog {
  /** Newest first. Throws `REQUEST_INVALID` for a cursor that is none. */
  list(query: PageQuery & AuditFilter): Promise<Page<AuditRecord>>;
  /** Oldest first, a batch at a time; what is recorded meanwhile is not in it. */
  stream(filter: AuditFilter): AsyncIterable<readonly AuditRecord[]>;
  head(): Promise<AuditHead>;
  /** Recomputes the chain, and holds it against a head that was noted before. */
  verify(expected: AuditHead | null): Promise<AuditVerification>;
  /** Removes what is older than this and leaves the chain verifiable; says how many. */
  prune(olderThan: number): Promise<number>;
}
