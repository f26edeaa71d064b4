/** What has to be ended at the end, whatever happened. */
export interface Cleanup {
  /** Remembers how to end something. */
  add(end: () => Promise<void> | void): void;
  /** Ends everything, the newest first; throws what went wrong when all is done. */
  run(): Promise<void>;
}

export function createCleanup(): Cleanup {
  const ends: (() => Promise<void> | void)[] = [];
  return {
    add: (end) => void ends.push(end),
    run: async () => {
      const problems: unknown[] = [];
      for (let end = ends.pop(); end; end = ends.pop()) {
        try {
          await end();
        } catch (error) {
          problems.push(error);
        }
      }
      if (problems.length > 0) throw new AggregateError(problems, "not everything could be ended");
    },
  };
}
