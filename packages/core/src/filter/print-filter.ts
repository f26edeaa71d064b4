import { printAge } from "./age.ts";
import { type Filter, type FilterCondition, isEvery, isJoined, isNot, type Pattern } from "./filter.ts";

/** A filter as text that `parseFilter` reads as the very same filter. */
export function printFilter(filter: Filter): string {
  return isEvery(filter) ? "" : print(filter, "top");
}

function print(filter: Filter, inside: "top" | "or" | "and" | "not"): string {
  if (isEvery(filter)) return "*";
  if (isNot(filter)) return isOnline(filter.of) ? "is:offline" : `-${print(filter.of, "not")}`;
  if (!isJoined(filter)) return printCondition(filter);
  const { kind } = filter;
  const text = filter.of.map((part) => print(part, kind)).join(kind === "and" ? " " : " or ");
  // Side by side binds closer than `or`.
  const isClear = inside === "top" || (inside === "or" && kind === "and");
  return isClear ? text : `(${text})`;
}

function isOnline(filter: Filter): boolean {
  return filter.kind === "is" && filter.flag === "online";
}

function printCondition(condition: FilterCondition): string {
  switch (condition.kind) {
    case "word":
      return isPlainWord(condition.text) ? condition.text : quote(condition.text);
    case "text":
      return `${condition.field}:${printPattern(condition.is)}`;
    case "label":
      return condition.is === null
        ? `tag:${condition.key}`
        : `${condition.key}=${printPattern(condition.is)}`;
    case "version":
      return `version:${condition.op === "=" ? "" : condition.op}${condition.version}`;
    case "version_unknown":
      return "version:unknown";
    case "state":
      return `state:${condition.state}`;
    case "target":
      return `target:${condition.version}`;
    case "is":
      return `is:${condition.flag}`;
    case "age":
      return `${condition.of}:${condition.op}${printAge(condition.ms)}`;
    case "never_seen":
      return "last_seen:never";
    case "group":
      return `group:${printPattern([condition.group])}`;
  }
}

function printPattern(parts: Pattern): string {
  const [only = ""] = parts;
  if (parts.length === 1 && only === "") return '""';
  return parts.map((part) => (part === "" || isPlainValue(part) ? part : quote(part))).join("*");
}

/** What could be read as something else is quoted; what need not be is left readable. */
function isPlainWord(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text) && !/^(?:or|and|not)$/i.test(text);
}

function isPlainValue(text: string): boolean {
  return /^[^\s(),"*<>=][^\s(),"*]*$/.test(text);
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
