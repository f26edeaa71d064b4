import { setImmediate } from "node:timers/promises";

/**
 * Writes what arrives together in one transaction, since each costs a wait for the disk: what comes while one is being
 * written goes into the next. Resolves when the item is durable. `commit` gives an item's own refusal as an `Error`, which
 * leaves the others alone; what it throws goes to all.
 */
export function createGroupCommit<Item, Result>(
  commit: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>,
): (item: Item) => Promise<Result> {
  interface Waiting {
    readonly item: Item;
    readonly resolve: (result: Result) => void;
    readonly reject: (error: unknown) => void;
  }
  let queue: Waiting[] = [];
  let writing = false;

  const settle = async (group: readonly Waiting[]) => {
    try {
      const results = await commit(group.map(({ item }) => item));
      for (const [index, { resolve, reject }] of group.entries()) {
        const result = results[index];
        if (result instanceof Error) reject(result);
        else resolve(result as Result);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };

  const write = async () => {
    writing = true;
    while (queue.length > 0) {
      // Whatever else this turn of the event loop brings still gets in.
      await setImmediate();
      const group = queue;
      queue = [];
      await settle(group);
    }
    writing = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      if (!writing) void write();
    });
}
