/** One of the two places that text goes to. */
export interface Output {
  readonly write: (text: string) => void;
  readonly isTTY: boolean;
  readonly colored: boolean;
  /** Characters in a line; 80 where nobody knows. */
  readonly columns: number;
}

/** What a command knows of the world around it; a test brings its own. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether a person can answer. */
  readonly interactive: boolean;
  /** Asks a person; the answer is not shown if it is a secret. */
  readonly ask: (question: string, options?: { readonly secret?: boolean }) => Promise<string>;
  /** All of standard input, as text. */
  readonly readInput: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Rejects with the signal's reason if that aborts first. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Aborts when the person wants the command to end. */
  readonly signal: AbortSignal;
  /** What the program exits with when nothing is thrown. */
  readonly exit: { code: number };
}
