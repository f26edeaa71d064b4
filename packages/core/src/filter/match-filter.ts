import { isVersion, type Version } from "../release/version.ts";
import type { TargetState } from "../rollout/rollout.ts";
import {
  type Filter,
  type FilterCondition,
  isEvery,
  isJoined,
  isNot,
  type Pattern,
  type RuleCondition,
} from "./filter.ts";
import { isInRange, versionRange } from "./version-range.ts";

/** What of an agent the rule of a group may ask for. */
export interface RuleAgent {
  readonly id: string;
  readonly hostname: string;
  readonly product: string;
  readonly os: string;
  readonly arch: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Everything of an agent that a filter may ask for. */
export interface FilterAgent extends RuleAgent {
  readonly version: Version | null;
  readonly online: boolean;
  readonly revoked: boolean;
  readonly enrolledAt: number;
  readonly lastSeenAt: number | null;
  /** State of its latest target; null: it never had one. */
  readonly targetState: TargetState["kind"] | null;
  /** Version of the target under way or waiting. */
  readonly targetVersion: Version | null;
  /** Whether its latest target is under way and silent. */
  readonly stuck: boolean;
  /** Ids and names. */
  readonly groups: readonly string[];
}

type Test<Agent> = (agent: Agent, now: number) => boolean;

/** A test made once and asked of many agents; `now` is wall clock, in milliseconds. Total: it never throws. */
export function filterMatcher(filter: Filter): Test<FilterAgent> {
  return matcherOf(filter, testOf);
}

/** The same for the rule of a group. */
export function ruleMatcher(rule: Filter<RuleCondition>): (agent: RuleAgent) => boolean {
  const test = matcherOf(rule, ruleTestOf);
  return (agent) => test(agent, 0);
}

/** A filter's test, from a test for each of its conditions. */
export function matcherOf<Condition extends { readonly kind: string }, Agent>(
  filter: Filter<Condition>,
  testOfCondition: (condition: Condition) => Test<Agent>,
): Test<Agent> {
  if (isEvery(filter)) return () => true;
  if (isNot(filter)) {
    const test = matcherOf(filter.of, testOfCondition);
    return (agent, now) => !test(agent, now);
  }
  if (!isJoined(filter)) return testOfCondition(filter);
  const tests = filter.of.map((part) => matcherOf(part, testOfCondition));
  return filter.kind === "and"
    ? (agent, now) => tests.every((test) => test(agent, now))
    : (agent, now) => tests.some((test) => test(agent, now));
}

function testOf(condition: FilterCondition): Test<FilterAgent> {
  switch (condition.kind) {
    case "word":
    case "text":
    case "label":
      return ruleTestOf(condition);
    case "version": {
      const range = versionRange(condition);
      return ({ version }) => version !== null && isVersion(version) && isInRange(version, range);
    }
    case "version_unknown":
      return ({ version }) => version === null;
    case "state": {
      const state = condition.state === "none" ? null : condition.state;
      return ({ targetState }) => targetState === state;
    }
    case "target":
      return ({ targetVersion }) => targetVersion === condition.version;
    case "is":
      return FLAGS[condition.flag];
    case "age":
      return ageTest(condition);
    case "never_seen":
      return ({ lastSeenAt }) => lastSeenAt === null;
    case "group":
      return ({ groups }) => groups.includes(condition.group);
  }
}

const FLAGS = {
  online: ({ online }: FilterAgent) => online,
  revoked: ({ revoked }: FilterAgent) => revoked,
  stuck: ({ stuck }: FilterAgent) => stuck,
  failed: ({ targetState }: FilterAgent) => targetState === "failed" || targetState === "rolled_back",
};

function ageTest({ of, op, ms }: Extract<FilterCondition, { readonly kind: "age" }>): Test<FilterAgent> {
  return (agent, now) => {
    const at = of === "enrolled" ? agent.enrolledAt : (agent.lastSeenAt ?? -Infinity);
    return op === "<" ? at > now - ms : at < now - ms;
  };
}

/** Conditions that need no more than a group's rule has. */
export function ruleTestOf(condition: RuleCondition): Test<RuleAgent> {
  switch (condition.kind) {
    case "word": {
      const word = lowerCase(condition.text);
      return ({ hostname, id }) => lowerCase(hostname).includes(word) || lowerCase(id).includes(word);
    }
    case "text": {
      const matches = patternTest(condition.is);
      const { field } = condition;
      return (agent) => matches(agent[field]);
    }
    case "label":
      return labelTest(condition);
  }
}

/** A label of an agent, by the rules of a filter. */
export function labelTest({
  key,
  is,
}: Extract<RuleCondition, { readonly kind: "label" }>): Test<Pick<RuleAgent, "labels">> {
  const matches = is === null ? () => true : patternTest(is);
  return ({ labels }) => {
    // A label may be named like something that every object has.
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return value !== undefined && matches(value);
  };
}

/** Whether a text is what a pattern says. */
export function patternTest(pattern: Pattern): (text: string) => boolean {
  const [first = "", ...rest] = pattern;
  const last = rest.pop();
  if (last === undefined) return (text) => text === first;
  const [head, tail, middle] = [lowerCase(first), lowerCase(last), rest.map(lowerCase)];
  return (original) => {
    const text = lowerCase(original);
    if (!text.startsWith(head)) return false;
    let at = head.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - tail.length >= at && text.endsWith(tail);
  };
}

/** Only ASCII letters have a case here, as in the database. */
function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
