import { labelKeyDecoder } from "../agent/agent-config.ts";
import { MusterError } from "../errors.ts";
import { decode } from "../parse/decode.ts";
import { isVersion } from "../release/version.ts";
import { TARGET_TRANSITIONS, type TargetState } from "../rollout/rollout.ts";
import { parseAge } from "./age.ts";
import {
  anyOf,
  type Comparison,
  type Filter,
  FILTER_FLAGS,
  notOf,
  type Pattern,
  type TextField,
} from "./filter.ts";
import type { Scanner } from "./scanner.ts";
import { isComparableVersion } from "./version-range.ts";

/** One value of a field, and how it is compared; null: just a colon. */
interface Asked {
  readonly op: Comparison | null;
  readonly value: Pattern;
  readonly refuse: (expected: string) => never;
}

/** Reads one value of a field, or refuses it. */
type FieldReader = (asked: Asked) => Filter;

const VALUE_MAX_LENGTH = 256;
const STATES: readonly string[] = [...Object.keys(TARGET_TRANSITIONS), "none"];

const text =
  (field: TextField): FieldReader =>
  (asked) => {
    withoutComparison(asked);
    return { kind: "text", field, is: asked.value };
  };

const age =
  (of: "last_seen" | "enrolled"): FieldReader =>
  ({ op, value, refuse }) => {
    const ms = parseAge(exact(value, refuse));
    if (ms === null) return refuse("a time such as 90s, 10m, 1h or 7d");
    if (op === null || op === "=") return refuse("< (more recently than) or > (longer ago than)");
    return { kind: "age", of, op: op.startsWith("<") ? "<" : ">", ms };
  };

/** Fields that an update changes, or time does: a group's rule may not ask for them. */
const CHANGING: Readonly<Record<string, FieldReader>> = {
  version: ({ op, value, refuse }) => {
    const version = exact(value, refuse);
    if (version === "unknown" && op === null) return { kind: "version_unknown" };
    if (!isComparableVersion(version)) return refuse("a version such as 2.6.1 or 2.6, or unknown");
    return { kind: "version", op: op ?? "=", version };
  },
  state: (asked) => {
    withoutComparison(asked);
    const state = exact(asked.value, asked.refuse);
    if (!STATES.includes(state)) return asked.refuse(`one of ${STATES.join(", ")}`);
    return { kind: "state", state: state as TargetState["kind"] | "none" };
  },
  target: (asked) => {
    withoutComparison(asked);
    const version = exact(asked.value, asked.refuse);
    return isVersion(version) ? { kind: "target", version } : asked.refuse("a version such as 2.6.1");
  },
  is: (asked) => {
    withoutComparison(asked);
    const word = exact(asked.value, asked.refuse);
    if (word === "offline") return notOf({ kind: "is", flag: "online" });
    const flag = FILTER_FLAGS.find((known) => known === word);
    return flag ? { kind: "is", flag } : asked.refuse(`one of ${FILTER_FLAGS.join(", ")}, offline`);
  },
  last_seen: (asked) => {
    const isNever = asked.op === null && asked.value.length === 1 && asked.value[0] === "never";
    return isNever ? { kind: "never_seen" } : age("last_seen")(asked);
  },
  enrolled: age("enrolled"),
  group: (asked) => {
    withoutComparison(asked);
    return { kind: "group", group: exact(asked.value, asked.refuse) };
  },
};

const LASTING: Readonly<Record<string, FieldReader>> = {
  id: text("id"),
  hostname: text("hostname"),
  host: text("hostname"),
  product: text("product"),
  os: text("os"),
  arch: text("arch"),
  tag: (asked) => {
    withoutComparison(asked);
    return { kind: "label", key: labelKey(exact(asked.value, asked.refuse), asked.refuse), is: null };
  },
};

/** Where a filter is used: everywhere, or as the rule of a group, whose members an update must not change. */
export type FilterScope = "agents" | "rule";

/** Fields that a filter may ask for, for help and completion. */
export const FILTER_FIELDS = [...Object.keys(LASTING), ...Object.keys(CHANGING)].filter(
  (name) => name !== "host",
);

/** Reads `name:` with its values, of which one has to be met. The scanner stands after the colon. */
export function readField(scanner: Scanner, name: string, from: number, scope: FilterScope): Filter {
  const reader = fieldReader(scanner, name, from, scope);
  const op = readComparison(scanner);
  const alternatives: Filter[] = [];
  do {
    const start = scanner.at();
    const value = readValue(scanner);
    if (value.every((part) => part === "")) scanner.refuse("a value", start);
    alternatives.push(reader({ op, value, refuse: (expected) => scanner.refuse(expected, start) }));
  } while (takeAlternative(scanner));
  return anyOf(alternatives);
}

/** Reads `key=` or `key!=` with its values. The scanner stands after the sign. */
export function readLabel(
  scanner: Scanner,
  name: string,
  { from, differs, scope }: { readonly from: number; readonly differs: boolean; readonly scope: FilterScope },
): Filter {
  const key = builtInField(name) === null ? labelKey(name, (what) => scanner.refuse(what, from)) : name;
  const alternatives: Filter[] = [];
  do {
    const start = scanner.at();
    const is = readValue(scanner);
    alternatives.push(labelFilter(scanner, { key, is, start, from, scope }));
    // `env=a,os!=b` are two conditions, as in a label expression.
  } while (!scanner.sees(NEXT_LABEL) && takeAlternative(scanner));
  return differs ? notOf(anyOf(alternatives)) : anyOf(alternatives);
}

const NEXT_LABEL = /,[A-Za-z0-9][A-Za-z0-9._/-]*!?=/y;
const NOT_IN_LABEL = /[^A-Za-z0-9._/:@ -]/;

/** `os`, `arch`, `product` and `version` are labels of every agent; the built-in ones win. */
export function builtInField(name: string): "os" | "arch" | "product" | "version" | null {
  return name === "os" || name === "arch" || name === "product" || name === "version" ? name : null;
}

function labelFilter(
  scanner: Scanner,
  at: {
    readonly key: string;
    readonly is: Pattern;
    readonly start: number;
    readonly from: number;
    readonly scope: FilterScope;
  },
): Filter {
  const { key, is, start } = at;
  if (builtInField(key) !== null) {
    const refuse = (expected: string) => scanner.refuse(expected, start);
    return fieldReader(scanner, key, at.from, at.scope)({ op: null, value: is, refuse });
  }
  if (is.some((part) => NOT_IN_LABEL.test(part))) {
    return scanner.refuse("letters, digits and . _ / : @ - as a label's value", start);
  }
  return { kind: "label", key, is };
}

function fieldReader(scanner: Scanner, name: string, from: number, scope: FilterScope): FieldReader {
  const lasting = Object.hasOwn(LASTING, name) ? LASTING[name] : undefined;
  if (lasting) return lasting;
  const changing = Object.hasOwn(CHANGING, name) ? CHANGING[name] : undefined;
  if (!changing) return scanner.refuse(`one of the fields ${FILTER_FIELDS.join(", ")}`, from);
  if (scope === "agents") return changing;
  const fields = FILTER_FIELDS.filter((known) => Object.hasOwn(LASTING, known)).join(", ");
  return scanner.refuse(
    `a field that no update changes, since it is a group's rule (${fields}, a label)`,
    from,
  );
}

function readValue(scanner: Scanner): Pattern {
  const start = scanner.at();
  const value = scanner.value();
  if (value.join("").length > VALUE_MAX_LENGTH) {
    scanner.refuse(`a value of at most ${VALUE_MAX_LENGTH} characters`, start);
  }
  return value;
}

function readComparison(scanner: Scanner): Comparison | null {
  const op = scanner.match(/<=|>=|<|>|=/y);
  return op === "" ? null : (op as Comparison);
}

/** A comma with a value right after it. */
function takeAlternative(scanner: Scanner): boolean {
  return scanner.sees(/,[^\s(),]/y) && scanner.take(",");
}

function withoutComparison({ op, refuse }: Asked): void {
  if (op !== null && op !== "=") refuse("a value; < and > are for version, last_seen and enrolled");
}

function exact(value: Pattern, refuse: Asked["refuse"]): string {
  return value.length === 1 && value[0] !== undefined
    ? value[0]
    : refuse("a value without *; patterns are for id, hostname, product, os, arch and labels");
}

function labelKey(key: string, refuse: (expected: string) => never): string {
  if (builtInField(key) !== null) return refuse("the key of a label; every agent has this field");
  try {
    return decode(labelKeyDecoder, key, "FILTER_INVALID");
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    return refuse("the key of a label: letters, digits and . _ / -");
  }
}
