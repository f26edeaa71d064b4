const DOTS = [0, 1, 2].flatMap((column) => [0, 1, 2].map((row) => ({ column, row })));

/** The sign of Muster: nine agents, a wave going through them. */
export function Mark({ size = 22 }: { readonly size?: number }) {
  return (
    <svg viewBox="0 0 22 22" width={size} height={size} aria-hidden="true" focusable="false">
      {DOTS.map(({ column, row }) => (
        <rect
          key={`${column}${row}`}
          x={1 + column * 7}
          y={1 + row * 7}
          width="6"
          height="6"
          rx="1.6"
          fill={column + (2 - row) <= 2 ? "var(--accent-fill)" : "var(--neutral-fill)"}
        />
      ))}
    </svg>
  );
}
