/** What has been opened, closed in the reverse order, each once. */
export interface Closing {
  add(close: () => Promise<void> | void): void;
  /** Closes everything, also when something cannot be; then throws the first failure. Idempotent. */
  closeAll(): Promise<void>;
}

export function createClosing(): Closing {
  const open: (() => Promise<void> | void)[] = [];
  return {
    add: (close) => void open.push(close),
    closeAll: async () => {
      const failures: unknown[] = [];
      for (let close = open.pop(); close; close = open.pop()) {
        try {
          await close();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
