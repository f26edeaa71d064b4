import { type FilterAgent, filterMatcher, printFilter, type TargetState } from "@muster/core";
import { aFilter, aFilterAgent } from "@muster/core/testing";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { insertAll } from "../store/bulk.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { aLabel, anAgent, aRelease, aRolloutRow, aTargetRow } from "../testing/rows.ts";
import { type AgentContext, readAgents } from "./read-agents.ts";
import { versionKey } from "./version-key.ts";

const NOW = 400_000_000;
const SILENT_AFTER_MS = 60_000;
const GROUPS = ["edge", "web"];
/** The two groups hold the agents whose id has a 1. */
const CONTEXT: AgentContext = {
  groupsOf: () => [],
  hearing: { now: NOW, listeningSince: 0 },
  membersOf: (eb, group) => eb("agents.id", "like", GROUPS.includes(group) ? "%1%" : ""),
};
const UNDER_WAY = new Set<TargetState["kind"]>(["downloading"]);
const UNENDED = new Set<TargetState["kind"]>(["pending", "downloading"]);

let db: Database;
beforeEach(async () => {
  db = await openDatabase({ path: ":memory:" });
  await insertAll(db, "releases", [aRelease("2.0.0")]);
  await insertAll(db, "rollouts", [aRolloutRow({ silent_after_ms: SILENT_AFTER_MS })]);
});
afterEach(() => db.destroy());

/** An agent as the database can hold it. */
function consistent(agent: FilterAgent, index: number): FilterAgent {
  const id = `ag_${index}${agent.id}`;
  const { targetState } = agent;
  const hasVersion = targetState !== null && UNENDED.has(targetState);
  return {
    ...agent,
    id,
    stuck: agent.stuck && targetState !== null && UNDER_WAY.has(targetState),
    targetVersion: hasVersion ? (agent.targetVersion ?? "2.0.0") : null,
    groups: id.includes("1") ? GROUPS : [],
  };
}

async function store(agents: readonly FilterAgent[]): Promise<void> {
  await db.deleteFrom("targets").execute();
  await db.deleteFrom("agent_labels").execute();
  await db.deleteFrom("agents").execute();
  await insertAll(
    db,
    "agents",
    agents.map((agent) =>
      anAgent(agent.id, {
        hostname: agent.hostname,
        product: agent.product,
        version: agent.version,
        version_key: versionKey(agent.version),
        os: agent.os,
        arch: agent.arch,
        labels_json: JSON.stringify(agent.labels),
        connected_at: agent.online ? 5 : null,
        revoked_at: agent.revoked ? 9 : null,
        enrolled_at: agent.enrolledAt,
        last_seen_at: agent.lastSeenAt,
      }),
    ),
  );
  const labels = agents.flatMap(({ id, labels: own }) =>
    Object.entries(own).map(([key, value]) => aLabel(id, key, value)),
  );
  await insertAll(db, "agent_labels", labels);
  const targets = agents.flatMap(({ id, targetState, targetVersion, stuck }) =>
    targetState === null
      ? []
      : [
          aTargetRow(id, {
            state: targetState,
            to_version: targetVersion ?? "1.0.0",
            progress_at: stuck ? 0 : NOW,
          }),
        ],
  );
  await insertAll(db, "targets", targets);
}

describe("a filter in the database", () => {
  test("selects exactly the agents that core's rules select", async () => {
    const fleet = fc.array(aFilterAgent(NOW), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fleet, fc.array(aFilter, { minLength: 8, maxLength: 8 }), async (some, filters) => {
        const agents = some.map(consistent);
        await store(agents);
        for (const filter of filters) {
          const text = printFilter(filter);
          const matches = filterMatcher(filter);
          const expected = agents.filter((agent) => {
            const isListed = !agent.revoked || text.includes("is:revoked");
            return isListed && matches(agent, NOW);
          });
          const page = await readAgents(db, { limit: 500, filter: text }, CONTEXT);
          expect({ text, ids: page.items.map(({ id }) => id).toSorted() }).toEqual({
            text,
            ids: expected.map(({ id }) => id).toSorted(),
          });
          expect(page.total).toBe(expected.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a group that is not there is an error, not an empty list", async () => {
    const context = { ...CONTEXT, membersOf: () => null };
    await expect(readAgents(db, { limit: 1, filter: "group:nope" }, context)).rejects.toMatchObject({
      code: "GROUP_NOT_FOUND",
    });
  });
});
