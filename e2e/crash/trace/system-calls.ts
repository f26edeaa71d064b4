/** The system calls by which a program changes a file system; those a platform does not have are passed over. */
export const MUTATING = [
  "open openat creat mkdir mkdirat rename renameat renameat2 unlink unlinkat rmdir symlink symlinkat link linkat",
  "write writev pwrite64 pwritev ftruncate truncate fallocate copy_file_range sendfile",
  "fsync fdatasync sync_file_range chmod fchmod fchmodat chown fchown lchown fchownat utimensat",
].flatMap((names) => names.split(" "));

/** One system call that changes a state folder, so that a program can be cut off just before it. */
export interface CutPoint {
  readonly call: string;
  /** Which of the program's calls of that name it is, counted from 1. */
  readonly occurrence: number;
  /** The call as it was recorded. */
  readonly text: string;
}

const OPENS: ReadonlySet<string> = new Set(["open", "openat"]);

/**
 * The points of a recorded run (`strace -y`, one thread) at which something below `root` is about to change. Calls that
 * failed have changed nothing.
 */
export function cutPoints(recording: string, root: string): readonly CutPoint[] {
  const counts = new Map<string, number>();
  const points: CutPoint[] = [];
  for (const text of recording.split("\n")) {
    const call = /^(\w+)\(/.exec(text)?.[1];
    if (call === undefined) continue;
    const occurrence = (counts.get(call) ?? 0) + 1;
    counts.set(call, occurrence);
    if (changes(call, text, root)) points.push({ call, occurrence, text });
  }
  return points;
}

function changes(call: string, text: string, root: string): boolean {
  if (!text.includes(`${root}/`) && !text.includes(`${root}>`)) return false;
  if (/ = -1 E[A-Z]+/.test(text)) return false;
  return MUTATING.includes(call) && (!OPENS.has(call) || text.includes("O_CREAT"));
}
