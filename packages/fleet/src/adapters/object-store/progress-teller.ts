const INTERVAL_MS = 250;

/** Tells a number that grows fast to somebody who wants it a few times a second. */
export interface ProgressTeller {
  note(bytes: number): void;
  /** Tells what was not told yet, and nothing after. */
  end(): void;
}

/** The first number is told at once, and the last of each interval, also when nothing comes after it. */
export function createProgressTeller(tell: ((bytes: number) => void) | undefined): ProgressTeller {
  let latest: number | null = null;
  let timer: NodeJS.Timeout | null = null;
  const tellLatest = () => {
    if (latest === null) return false;
    tell?.(latest);
    latest = null;
    return true;
  };
  const wait = () => {
    timer = setTimeout(() => {
      timer = null;
      if (tellLatest()) wait();
    }, INTERVAL_MS);
    timer.unref();
  };
  return {
    note: (bytes) => {
      latest = bytes;
      if (timer !== null) return;
      tellLatest();
      wait();
    },
    end: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      tellLatest();
    },
  };
}
