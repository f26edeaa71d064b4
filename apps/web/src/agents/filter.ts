import type { AgentListQuery } from "@muster/protocol/http";

/** What a filter line asks of the server, and what of it was not understood, in words. */
export interface AgentFilter {
  readonly query: AgentListQuery;
  readonly problems: readonly string[];
}

type Field = "version" | "state" | "product" | "os" | "arch";

const FIELDS: Readonly<Record<string, Field>> = {
  version: "version",
  state: "state",
  product: "product",
  os: "os",
  arch: "arch",
};

const IS: Readonly<Record<string, AgentListQuery>> = {
  online: { online: "true" },
  offline: { online: "false" },
  failed: { attention: "failed" },
  stuck: { attention: "stuck" },
  revoked: { revoked: "true" },
};

/** Words of the filter line, for its help. */
export const FILTER_WORDS = [
  ["web-01", "part of a hostname or id"],
  ["version:1.2.0", "runs this version; version:unknown for none reported"],
  ["is:online", "also is:offline, is:failed, is:stuck, is:revoked"],
  ["state:downloading", "state of its latest target"],
  ["os:linux arch:amd64", "platform"],
  ["env=production", "label; env!=production for all others"],
] as const;

/**
 * Reads a line such as `web version:1.2.0 is:offline env=production`. Terms are joined by and; a word without a colon
 * or an equals sign is searched for in hostname and id.
 */
export function parseFilter(line: string): AgentFilter {
  const words: string[] = [];
  const labels: string[] = [];
  const problems: string[] = [];
  let query: AgentListQuery = {};
  for (const term of line.split(/\s+/).filter((part) => part !== "")) {
    const read = readTerm(term);
    if (read.kind === "word") words.push(term);
    else if (read.kind === "label") labels.push(term);
    else if (read.kind === "problem") problems.push(read.text);
    else {
      const clash = Object.keys(read.query).find((key) => key in query);
      if (clash !== undefined) problems.push(`${term} is a second condition on the same thing`);
      query = { ...query, ...read.query };
    }
  }
  if (words.length > 0) query = { ...query, search: words.join(" ") };
  if (labels.length > 0) query = { ...query, labels: labels.join(",") };
  return { query, problems };
}

type Term =
  | { readonly kind: "word" }
  | { readonly kind: "label" }
  | { readonly kind: "condition"; readonly query: AgentListQuery }
  | { readonly kind: "problem"; readonly text: string };

function readTerm(term: string): Term {
  const equals = term.indexOf("=");
  const colon = term.indexOf(":");
  if (equals >= 0 && (colon < 0 || equals < colon)) {
    return /^[^=!]+!?=.+$/.test(term)
      ? { kind: "label" }
      : { kind: "problem", text: `${term} is not a label condition: write key=value or key!=value` };
  }
  if (colon < 0) return { kind: "word" };
  return readCondition(term, term.slice(0, colon), term.slice(colon + 1));
}

function readCondition(term: string, name: string, value: string): Term {
  if (value === "") return { kind: "problem", text: `${term} has no value` };
  if (name === "is") {
    const query = IS[value];
    if (query) return { kind: "condition", query };
    return { kind: "problem", text: `${term} is not known: use is:${Object.keys(IS).join(", is:")}` };
  }
  if (name === "version" && value === "unknown") {
    return { kind: "condition", query: { attention: "unknown_version" } };
  }
  const field = FIELDS[name];
  if (field) return { kind: "condition", query: { [field]: value } };
  return { kind: "problem", text: `${name}: is not a field: use ${Object.keys(FIELDS).join(", ")}, is` };
}

/** The line with the term added, or taken away if it was there: what a click on a cell does. */
export function toggleTerm(line: string, term: string): string {
  const terms = line.split(/\s+/).filter((part) => part !== "");
  const left = terms.filter((part) => part !== term);
  if (left.length < terms.length) return left.join(" ");
  const field = /^(?:[a-z]+:|[^=!]+!?=)/.exec(term)?.[0];
  const others = field === undefined ? terms : terms.filter((part) => !part.startsWith(field));
  return [...others, term].join(" ");
}

/** Whether the line has the term. */
export function hasTerm(line: string, term: string): boolean {
  return line.split(/\s+/).includes(term);
}
