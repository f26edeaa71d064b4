import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A program did not do what was expected of it. */
export class ProgramFailed extends Error {
  /** The last lines it printed. */
  readonly output: string;
  constructor(problem: string, output: string) {
    super(`${problem}\n${output}`);
    this.name = "ProgramFailed";
    this.output = output;
  }
}

/** A real child process whose output is kept line by line. */
export class Program {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  readonly #listeners = new Set<() => void>();

  constructor(command: readonly [string, ...string[]], options: ProgramOptions = {}) {
    const [file, ...args] = command;
    this.#child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#receive(line));
    }
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code) => resolve(code ?? -1));
    });
    // Whoever waits for the end learns of a failed start; nobody has to.
    this.#ended.catch(() => this.#notify());
    this.#child.once("close", () => this.#notify());
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Its exit code; -1 if a signal ended it. */
  get ended(): Promise<number> {
    return this.#ended;
  }

  /** The first line that matches, also one already printed; rejects when the program ends without it or after `timeoutMs`. */
  async line(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const giveUpAt = performance.now() + timeoutMs;
    for (;;) {
      for (const line of this.lines) {
        const match = pattern.exec(line);
        if (match) return match;
      }
      const left = giveUpAt - performance.now();
      if (!this.running || left <= 0) throw this.#failure(`printed no line like ${String(pattern)}`);
      await this.#change(left);
    }
  }

  /** Ends it with `signal` and waits until it is gone. Does nothing to one that has ended. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.running) return;
    const gone = once(this.#child, "close");
    this.#child.kill(signal);
    await gone;
  }

  /** Waits for its end and returns what it printed; throws if it failed. */
  async success(): Promise<string> {
    if ((await this.#ended) !== 0) throw this.#failure("failed");
    return this.lines.join("\n");
  }

  #receive(line: string): void {
    this.lines.push(line);
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#listeners.add(done);
    });
  }

  #failure(what: string): ProgramFailed {
    return new ProgramFailed(`${this.#child.spawnargs.join(" ")} ${what}`, this.lines.slice(-20).join("\n"));
  }
}

/** Waits until `condition` yields something other than false, null or undefined; looks again every `everyMs`. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const { timeoutMs = 60_000, everyMs = 100 } = options;
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined)
      return value as NonNullable<Exclude<T, false>>;
    if (performance.now() > giveUpAt) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
