import { type FilterScope, readField, readLabel } from "./conditions.ts";
import { allOf, anyOf, EVERY_AGENT, type Filter, notOf, type RuleCondition } from "./filter.ts";
import { createScanner, FILTER_MAX_LENGTH, type Scanner } from "./scanner.ts";

const DEPTH_MAX = 32;
const CONDITIONS_MAX = 128;
const WORD_MAX_LENGTH = 128;

/**
 * Reads a filter such as `version:<2.6 os:linux -tag:canary state:failed last_seen:>1h`. Conditions side by side all have
 * to hold; `or`, `not` or a leading `-`, and parentheses do what they say; `os:linux,darwin` is either; `env=production`
 * asks for a label; any other word is looked for in hostname and id. Empty: every agent. Throws `FILTER_INVALID`, which
 * names the place and what was expected there.
 */
export function parseFilter(text: string): Filter {
  return parse(text, "agents");
}

/** The same for the rule of a group, which asks only what an update does not change. */
export function parseRule(text: string): Filter<RuleCondition> {
  // The scope has refused everything else.
  return parse(text, "rule") as Filter<RuleCondition>;
}

interface Parsing {
  readonly scanner: Scanner;
  readonly scope: FilterScope;
  conditions: number;
}

const OR = /or(?=[\s(),]|$)/iy;
const AND = /and(?=[\s(),]|$)/iy;
const NOT = /not(?=[\s(])/iy;
/** Space or commas between two conditions. */
const BETWEEN = /[\s,]+/y;
/** What is before a sign, or a word of its own. */
const NAME = /(?:[^\s(),":=<>!*]|!(?!=))+/y;
const CONDITION = "a condition such as os:linux, env=production or a part of a hostname";

function parse(text: string, scope: FilterScope): Filter {
  const scanner = createScanner(text);
  if (text.length > FILTER_MAX_LENGTH) scanner.refuse(`at most ${FILTER_MAX_LENGTH} characters`, 0);
  const parsing: Parsing = { scanner, scope, conditions: 0 };
  scanner.spaces();
  if (scanner.isEnd()) return EVERY_AGENT;
  const filter = readOr(parsing, 0);
  return scanner.isEnd() ? filter : scanner.refuse("no ) here, or a ( before it");
}

function readOr(parsing: Parsing, depth: number): Filter {
  const parts = [readAnd(parsing, depth)];
  while (parsing.scanner.match(OR) !== "") parts.push(readAnd(parsing, depth));
  return anyOf(parts);
}

function readAnd(parsing: Parsing, depth: number): Filter {
  const { scanner } = parsing;
  scanner.spaces();
  const parts = [readNot(parsing, depth)];
  for (;;) {
    scanner.match(BETWEEN);
    if (scanner.match(AND) !== "") scanner.spaces();
    else if (scanner.isEnd() || scanner.next() === ")" || scanner.sees(OR)) return allOf(parts);
    parts.push(readNot(parsing, depth));
  }
}

function readNot(parsing: Parsing, depth: number): Filter {
  const { scanner } = parsing;
  if (depth > DEPTH_MAX) scanner.refuse(`at most ${DEPTH_MAX} levels of ( and not`);
  if (scanner.take("-") || scanner.take("!")) return notOf(readNot(parsing, depth + 1));
  if (scanner.match(NOT) !== "") {
    scanner.spaces();
    return notOf(readNot(parsing, depth + 1));
  }
  if (!scanner.take("(")) return readCondition(parsing);
  const inner = readOr(parsing, depth + 1);
  return scanner.take(")") ? inner : scanner.refuse("a closing )");
}

function readCondition(parsing: Parsing): Filter {
  const { scanner, scope } = parsing;
  parsing.conditions += 1;
  if (parsing.conditions > CONDITIONS_MAX) scanner.refuse(`at most ${CONDITIONS_MAX} conditions`);
  const from = scanner.at();
  if (scanner.next() === '"') return readQuotedWord(scanner, from);
  if (scanner.take("*")) return EVERY_AGENT;
  if (scanner.sees(OR) || scanner.sees(AND)) scanner.refuse(CONDITION);
  const name = scanner.match(NAME);
  if (name === "") return scanner.refuse(CONDITION);
  if (scanner.take(":")) return readField(scanner, name, from, scope);
  if (scanner.take("!=")) return readLabel(scanner, name, { from, differs: true, scope });
  if (scanner.take("=")) return readLabel(scanner, name, { from, differs: false, scope });
  if (scanner.sees(/["*<>]/y)) {
    return scanner.refuse("a space; a pattern needs its field, such as hostname:web-*");
  }
  return word(scanner, name, from);
}

function readQuotedWord(scanner: Scanner, from: number): Filter {
  const [text = "", ...more] = scanner.value();
  if (more.length > 0) scanner.refuse("a space; a pattern needs its field, such as hostname:web-*", from);
  return word(scanner, text, from);
}

function word(scanner: Scanner, text: string, from: number): Filter {
  if (text.length > WORD_MAX_LENGTH) scanner.refuse(`a word of at most ${WORD_MAX_LENGTH} characters`, from);
  return text === "" ? scanner.refuse(CONDITION, from) : { kind: "word", text };
}
