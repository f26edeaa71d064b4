/** Runs pieces of work one after the other, in the order they came. */
export interface Serial {
  <Result>(work: () => Promise<Result>): Promise<Result>;
  /** Resolves when all that has come so far is done. */
  idle(): Promise<void>;
}

export function createSerial(): Serial {
  let tail: Promise<unknown> = Promise.resolve();
  const run = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = tail.then(work);
    // A failure is its caller's; the next piece runs all the same.
    tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  };
  return Object.assign(run, { idle: () => tail.then(() => undefined) });
}
