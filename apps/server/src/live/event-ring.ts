/** One event of the stream, as it is written to every reader. */
export interface LiveEntry {
  /** Rises by one with every event. */
  readonly sequence: number;
  /** The rollout it is about; null: everybody's. */
  readonly rolloutId: string | null;
  /** Its lines in the stream. */
  readonly text: string;
}

export interface RingLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** The latest events, for readers that are behind or come back. What falls out is gone. */
export interface EventRing {
  /** Sequence of the newest event; 0 before the first. */
  readonly newest: number;
  /** Whether everything after this sequence is still here. */
  reaches(sequence: number): boolean;
  /** The first event after this sequence; undefined if there is none yet. */
  after(sequence: number): LiveEntry | undefined;
  append(entry: Omit<LiveEntry, "sequence" | "text">, write: (sequence: number) => string): void;
  /** Forgets everything: what happens from now on has not been written down. */
  clear(): void;
}

export function createEventRing(limits: RingLimits): EventRing {
  let entries: LiveEntry[] = [];
  let bytes = 0;
  let newest = 0;
  const firstKept = () => entries[0]?.sequence ?? newest + 1;
  return {
    get newest() {
      return newest;
    },
    reaches: (sequence) => sequence <= newest && sequence + 1 >= firstKept(),
    after: (sequence) => entries[sequence + 1 - firstKept()],
    append: (entry, write) => {
      newest += 1;
      const text = write(newest);
      entries.push({ ...entry, sequence: newest, text });
      bytes += text.length;
      let dropped = 0;
      while (entries.length - dropped > limits.entries || bytes > limits.bytes) {
        bytes -= entries[dropped]?.text.length ?? 0;
        dropped += 1;
      }
      if (dropped > 0) entries = entries.slice(dropped);
    },
    clear: () => {
      entries = [];
      bytes = 0;
      // A gap that no reader's place is beside.
      newest += 1;
    },
  };
}
