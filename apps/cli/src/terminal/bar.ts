const BLOCKS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** A bar of `width` characters for a share between 0 and 1. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = "█".repeat(Math.floor(eighths / 8)) + (BLOCKS[eighths % 8] ?? "");
  return full.padEnd(width, "░");
}

/**
 * The widths of a bar's parts, which follow each other. What is there at all is seen, as long as there is room, and
 * rounding never adds up.
 */
export function partWidths(counts: readonly number[], total: number, width: number): readonly number[] {
  let counted = 0;
  let used = 0;
  return counts.map((count) => {
    counted += count;
    const end = total <= 0 ? 0 : Math.round((Math.min(counted, total) / total) * width);
    const part = Math.min(width - used, Math.max(end - used, count > 0 ? 1 : 0));
    used += part;
    return part;
  });
}
