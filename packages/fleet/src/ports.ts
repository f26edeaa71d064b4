/** Wall clock of the server. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, not before `at`; returns how to call it off. */
  wakeAt(at: number, callback: () => void): () => void;
}

/** Chance that nobody can guess. */
export interface Random {
  bytes(count: number): Uint8Array;
}

/** Artifacts by digest. Content never changes, so every operation is idempotent. */
export interface ObjectStore {
  /** Whether the whole, verified content is there. */
  has(sha256: string): Promise<boolean>;
  /**
   * Stores the content if size and digest are right; nothing is visible before. Throws `ARTIFACT_DIGEST_MISMATCH`,
   * `ARTIFACT_SIZE_MISMATCH`, `MIRROR_TOO_LARGE` (as soon as it is) or `FILE_NOT_WRITABLE`.
   */
  put(content: ObjectContent, source: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Stores like `put`, and keeps what has come when the source fails: the next call for the same digest goes on from there,
   * after a restart too. `open` is asked for the rest; it may answer with all of it. Calls for one digest take turns, and
   * content that is there already is not asked for. Wrong content is thrown away; if its beginning was kept from before,
   * all of it is asked for once more.
   */
  putResumable(content: ObjectContent, open: OpenContent): Promise<void>;
  /**
   * The content from a byte on, and the size of the whole; `OBJECT_NOT_FOUND` if it is not there. A piece is good until
   * the next one is asked for: its memory is used again. What was never begun to be read needs no closing.
   */
  open(
    sha256: string,
    fromByte: number,
  ): Promise<{ readonly size: number; readonly content: AsyncIterable<Uint8Array> }>;
}

export interface ObjectContent {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Told at most a few times a second. */
  readonly onProgress?: (storedBytes: number) => void;
}

/** How much of a content is there already, and what its host called it (its strong entity tag, if it has one). */
export interface ResumePoint {
  readonly byte: number;
  readonly validator: string | null;
}

/** Null: from its beginning. */
export type OpenContent = (from: ResumePoint | null) => Promise<OpenedContent>;

/** Content on its way. */
export interface OpenedContent {
  /** The first byte that comes: the one asked for, or 0. */
  readonly startsAt: number;
  readonly validator: string | null;
  /** Can be read once. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Lets go of its source. Idempotent. */
  close(): Promise<void>;
}

/** What changed; subscribers read the database for how. Delivery is at most once, in order, within the process. */
export type FleetChange =
  | { readonly kind: "release"; readonly product: string; readonly version: string }
  | { readonly kind: "rollout"; readonly rolloutId: string }
  | { readonly kind: "target"; readonly rolloutId: string; readonly targetId: string }
  | { readonly kind: "agent"; readonly agentId: string };

/** In one process today, NATS in a cluster. */
export interface Bus {
  publish(change: FleetChange): void;
  subscribe(receive: (change: FleetChange) => void): () => void;
}

/** A page of a list, as `pageQuerySchema` reads it. A cursor that is none is `REQUEST_INVALID`. */
export interface PageQuery {
  readonly cursor?: string | undefined;
  /** 1 to 500. */
  readonly limit: number;
}

export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
  /** How many match, on all pages. */
  readonly total: number;
}
