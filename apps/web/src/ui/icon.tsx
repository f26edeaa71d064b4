const CIRCLE = "M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5";

/** Drawn on a 16 × 16 grid with a line of 1.5. */
const PATHS = {
  overview: "M2.5 13.5v-4h3v4zM6.5 13.5v-8h3v8zM10.5 13.5v-11h3v11z",
  agents: "M2 3.5h12v4H2zM2 8.5h12v4H2zM4.5 5.5h.01M4.5 10.5h.01",
  rollouts: "M2 12.5h3v-3h3v-3h3v-3h3M11.5 2L14 3.5L11.5 5.5",
  pending:
    "M8 1.75a6.25 6.25 0 0 1 5 2.5M14.2 7a6.25 6.25 0 0 1-2 5.6M9.5 14.1a6.25 6.25 0 0 1-5.6-1.4M2 10a6.25 6.25 0 0 1 .7-5.2",
  dispatched: "M2 8h10M8.5 4.5L12 8l-3.5 3.5M14 3.5v9",
  downloading: "M8 2v8M4.5 6.8L8 10.2l3.5-3.4M2.5 13.5h11",
  verifying: "M8 1.8l5 1.9v4c0 3.2-2.1 5.4-5 6.5c-2.9-1.1-5-3.3-5-6.5v-4zM5.8 7.9l1.6 1.6l2.9-3",
  staging: "M8 1.8l5.5 3v6.4l-5.5 3l-5.5-3v-6.4zM2.7 4.9l5.3 3l5.3-3M8 7.9v6",
  restarting: "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.7 1.8v2.9h-2.9",
  healthy: `${CIRCLE}M5.3 8.2l1.9 1.9l3.6-4`,
  failed: `${CIRCLE}M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4`,
  rolled_back: "M5.5 2.5L2.3 5.7l3.2 3.2M2.5 5.7h7a4 4 0 0 1 0 8h-4",
  canceled: `${CIRCLE}M3.7 12.3l8.6-8.6`,
  superseded: "M2.5 4.5l3.5 3.5l-3.5 3.5M7 4.5l3.5 3.5L7 11.5M13.5 4v8",
  silent: "M3 6v4M6 7v2M9.5 5.5l4 5M13.5 5.5l-4 5",
  scheduled: `${CIRCLE}M8 4.5v3.7l2.4 1.5`,
  running: "M4.5 2.5v11l8.5-5.5z",
  paused: "M5 2.5v11M11 2.5v11",
  open: "M2 8h3l2-4.5l2.5 9l1.7-4.5H14",
  settling: "M4 2h8M4 14h8M4.8 2c0 3.2 3.2 4 3.2 6s-3.2 2.8-3.2 6M11.2 2c0 3.2-3.2 4-3.2 6s3.2 2.8 3.2 6",
  approval: "M5 7V5a3 3 0 0 1 6 0v2M3.5 7h9v6.5h-9zM8 9.5v1.7",
  online: "M8 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7",
  offline: "M8 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7M2.5 2.5l11 11",
  unknown: `${CIRCLE}M6 6.2a2 2 0 1 1 2.8 1.9c-.5.25-.8.6-.8 1.3M8 11.6h.01`,
  stuck: "M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.7h.01",
  chevron: "M6 3.5L10.5 8L6 12.5",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M10.4 10.4L14 14",
  sun: "M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M8 1.2v1.3M8 13.5v1.3M1.2 8h1.3M13.5 8h1.3M3.2 3.2l.9.9M11.9 11.9l.9.9M3.2 12.8l.9-.9M11.9 4.1l.9-.9",
  moon: "M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1",
  system: "M2 3h12v8H2zM6 13.5h4",
  help: `${CIRCLE}M6 6.2a2 2 0 1 1 2.8 1.9c-.5.25-.8.6-.8 1.3M8 11.6h.01`,
  signOut: "M6.5 2.5h-4v11h4M6 8h8M11 5l3 3l-3 3",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  done: "M3 8.5l3.2 3.2L13 4.8",
  ascending: "M8 13V3M4.5 6.5L8 3l3.5 3.5",
  descending: "M8 3v10M4.5 9.5L8 13l3.5-3.5",
} as const;

export type IconName = keyof typeof PATHS;

const FILLED: ReadonlySet<IconName> = new Set<IconName>(["online"]);

/** A picture beside a word; it says nothing to a screen reader, the word does. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill={FILLED.has(name) ? "currentColor" : "none"}
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
