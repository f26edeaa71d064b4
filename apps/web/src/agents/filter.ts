import { allOf, type Filter, MusterError, parseFilter, printFilter } from "@muster/core";
import type { AgentListQuery } from "@muster/protocol/http";

/** What a filter line asks of the server, and what of it was not understood, in words. */
export interface AgentFilter {
  readonly query: AgentListQuery;
  readonly problems: readonly string[];
}

/** Words of the filter line, for its help. */
export const FILTER_WORDS = [
  ["web-01", "part of a hostname or id; hostname:web-* for a pattern"],
  ["version:<2.6", "also <= > >=; version:2.6 is all of 2.6; version:unknown for none reported"],
  ["is:online", "also is:offline, is:failed, is:stuck, is:revoked"],
  ["state:downloading", "state of its latest update; target:2.6.0 for where it goes"],
  ["os:linux,darwin", "either of them; also arch, product"],
  ["env=production", "label; env!=production for all others; tag:canary has it at all"],
  ["last_seen:>1h", "longer ago than that; last_seen:never; enrolled:<2d"],
  ["group:edge", "in that group"],
  ["-os:linux (a or b)", "not; or; conditions side by side all have to hold"],
] as const;

/** Reads a line such as `web version:<2.6 is:offline env=production`: the language of the API and the command line. */
export function readFilter(line: string): AgentFilter {
  const read = parsed(line);
  if (read instanceof MusterError) return { query: {}, problems: [problemOf(read)] };
  return { query: line.trim() === "" ? {} : { filter: line.trim() }, problems: [] };
}

/** The line with the term added, or taken away if it was there: what a click on a cell does. */
export function toggleTerm(line: string, term: string): string {
  const [filter, added] = [parsed(line), parsed(term)];
  // What cannot be read cannot be changed in one place.
  if (filter instanceof MusterError || added instanceof MusterError) return line;
  const parts = partsOf(filter);
  const left = parts.filter((part) => !isSame(part, added));
  if (left.length < parts.length) return printFilter(allOf(left));
  const subject = subjectOf(added);
  return printFilter(
    allOf([...parts.filter((part) => subject === null || subjectOf(part) !== subject), added]),
  );
}

/** Whether the line has the term. */
export function hasTerm(line: string, term: string): boolean {
  const [filter, wanted] = [parsed(line), parsed(term)];
  if (filter instanceof MusterError || wanted instanceof MusterError) return false;
  return partsOf(filter).some((part) => isSame(part, wanted));
}

function parsed(line: string): Filter | MusterError {
  try {
    return parseFilter(line);
  } catch (error) {
    if (error instanceof MusterError) return error;
    throw error;
  }
}

function problemOf({ details }: MusterError): string {
  const { expected, at, near } = details;
  return `expected ${String(expected)} at ${String(at)}${near === "" ? ", the end" : `, before “${String(near)}”`}`;
}

function partsOf(filter: Filter): readonly Filter[] {
  if (filter.kind === "and") return filter.of;
  return filter.kind === "all" ? [] : [filter];
}

function isSame(one: Filter, other: Filter): boolean {
  return printFilter(one) === printFilter(other);
}

/** What a condition asks about, of which one is enough; null: there can be many. */
function subjectOf(filter: Filter): string | null {
  switch (filter.kind) {
    case "not":
      return subjectOf(filter.of);
    case "text":
      return filter.field;
    case "label":
      return `label ${filter.key}`;
    case "version":
    case "version_unknown":
      return "version";
    case "state":
    case "is":
    case "target":
    case "group":
      return filter.kind;
    case "all":
    case "and":
    case "or":
    case "word":
    case "age":
    case "never_seen":
      return null;
  }
}
