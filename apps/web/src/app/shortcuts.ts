/** What a key or a pair of keys does anywhere on the page. */
export type ShortcutAction = "filter" | "help" | "overview" | "agents" | "rollouts";

/** A key pressed, as far as shortcuts care. */
export interface KeyPress {
  readonly key: string;
  /** Control, Alt or Command is down: the browser's own shortcut. */
  readonly modified: boolean;
  /** The focus is in something that takes text. */
  readonly typing: boolean;
}

/** After `g`, the next key says where to go. */
export type Prefix = "g" | null;

const GO: Readonly<Record<string, ShortcutAction>> = { o: "overview", a: "agents", r: "rollouts" };
const SINGLE: Readonly<Record<string, ShortcutAction>> = { "/": "filter", "?": "help" };

/** The action of a key press and the prefix after it. */
export function readKey(
  prefix: Prefix,
  { key, modified, typing }: KeyPress,
): { readonly action: ShortcutAction | null; readonly prefix: Prefix } {
  if (modified || typing) return { action: null, prefix: null };
  if (prefix === "g") return { action: GO[key] ?? null, prefix: null };
  if (key === "g") return { action: null, prefix: "g" };
  return { action: SINGLE[key] ?? null, prefix: null };
}

/** The list in the help. */
export const SHORTCUTS: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ["/"], does: "Go to the filter" },
  { keys: ["g", "o"], does: "Overview" },
  { keys: ["g", "a"], does: "Agents" },
  { keys: ["g", "r"], does: "Rollouts" },
  { keys: ["?"], does: "This help" },
  { keys: ["Esc"], does: "Close what is open" },
];
