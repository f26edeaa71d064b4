import { type LabelledAgent, labelMatcher, parseLabelExpression, type TargetState } from "@muster/core";
import { overviewSchema, agentPageSchema } from "@muster/protocol/http";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { insertAll } from "../store/bulk.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { aLabel, anAgent, aRelease, aRolloutRow, aTargetRow } from "../testing/rows.ts";
import type { AgentQuery } from "./ports.ts";
import { readOverview } from "./overview.ts";
import { type AgentContext, readAgents } from "./read-agents.ts";
import { versionKey } from "./version-key.ts";

const HEARING = { now: 1_000_000, listeningSince: 0 };
const CONTEXT: AgentContext = {
  groupsOf: () => [],
  hearing: HEARING,
  membersOf: (eb, group) => (group === "amd" ? eb("arch", "=", "amd64") : null),
};
let db: Database;

beforeEach(async () => {
  db = await openDatabase({ path: ":memory:" });
});
afterEach(async () => {
  await db.destroy();
});

const ids = async (query: Partial<AgentQuery>) =>
  (await readAgents(db, { limit: 500, ...query }, CONTEXT)).items.map(({ id }) => id);

describe("a list of agents", () => {
  test("pages by every order without losing or repeating one, also where values are equal or missing", async () => {
    const versions = [null, "1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0"];
    const rows = Array.from({ length: 23 }, (_, index) => {
      const version = versions[index % versions.length] ?? null;
      return anAgent(`a${String(index).padStart(2, "0")}`, {
        hostname: `host-${index % 4}`,
        version,
        version_key: versionKey(version),
        last_seen_at: index % 3 === 0 ? null : index % 5,
      });
    });
    await insertAll(db, "agents", rows);
    for (const sort of [
      "hostname",
      "-hostname",
      "version",
      "-version",
      "lastSeenAt",
      "-lastSeenAt",
    ] as const) {
      const whole = await ids({ sort });
      expect(new Set(whole).size).toBe(23);
      const paged: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await readAgents(db, { limit: 5, sort, cursor }, CONTEXT);
        expect(page.total).toBe(23);
        paged.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(paged).toEqual(whole);
    }
    const byVersion = (await readAgents(db, { limit: 500, sort: "-version" }, CONTEXT)).items;
    const inOrder = [...new Set(byVersion.map(({ version }) => version))];
    expect(inOrder).toEqual(["2.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0", null]);
  });

  test("finds by a part of the hostname or the id in any case, and takes signs of patterns as they are", async () => {
    await insertAll(db, "agents", [
      anAgent("one", { hostname: "Web-1.example" }),
      anAgent("two", { hostname: "web_2.example" }),
      anAgent("three", { hostname: "db%3" }),
    ]);
    expect(await ids({ search: "WEB" })).toEqual(["one", "two"]);
    expect(await ids({ search: "b_2" })).toEqual(["two"]);
    expect(await ids({ search: "%" })).toEqual(["three"]);
    expect(await ids({ search: "THRE" })).toEqual(["three"]);
  });

  test("refuses a cursor and a label expression that cannot be read", async () => {
    await expect(ids({ cursor: "nonsense" })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    const ofAnother = Buffer.from('[7,"x"]').toString("base64url");
    await expect(ids({ cursor: ofAnother })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(ids({ labels: "env==" })).rejects.toMatchObject({ code: "ROLLOUT_COHORT_INVALID" });
  });

  test("selects by labels exactly the agents that core's rules select", async () => {
    const value = fc.constantFrom("a", "b", "");
    const key = fc.constantFrom("env", "rack", "os", "version");
    const agent = fc.record({
      labels: fc.dictionary(fc.constantFrom("env", "rack", "os"), value),
      version: fc.constantFrom(null, "1.0.0", "2.0.0"),
      os: fc.constantFrom("linux", "darwin"),
    });
    const term = fc.oneof(
      fc
        .tuple(key, fc.constantFrom("=", "!="), fc.constantFrom("a", "b", "linux", "1.0.0", ""))
        .map((all) => all.join("")),
      key,
      key.map((name) => `!${name}`),
    );
    const fleet = fc.array(agent, { minLength: 1, maxLength: 8 });
    const expression = fc.array(term, { minLength: 1, maxLength: 3 }).map((terms) => terms.join(","));
    await fc.assert(
      fc.asyncProperty(fleet, expression, async (members, text) => {
        await db.deleteFrom("agent_labels").execute();
        await db.deleteFrom("agents").execute();
        const named = members.map((member, index) => ({ id: `a${index}`, member }));
        const rows = named.map(({ id, member: { labels, version, os } }) =>
          anAgent(id, { version, os, labels_json: JSON.stringify(labels) }),
        );
        await insertAll(db, "agents", rows);
        const labels = named.flatMap(({ id, member }) =>
          Object.entries(member.labels).map(([name, content]) => aLabel(id, name, content)),
        );
        await insertAll(db, "agent_labels", labels);
        const terms = parseLabelExpression(text);
        const expected = named
          .filter(({ member }) => {
            const labelled: LabelledAgent = { product: "app", arch: "amd64", ...member };
            return labelMatcher(terms)(labelled);
          })
          .map(({ id }) => id);
        expect(await ids({ labels: text })).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});

const target = (agentId: string, state: TargetState["kind"], progressAt = 0) =>
  aTargetRow(agentId, { state, progress_at: progressAt, state_json: '{"code":"DISK_SHORT","message":""}' });

describe("the overview", () => {
  test("counts what the list totals for the same filter", async () => {
    await insertAll(db, "agents", [
      anAgent("a", { connected_at: 5, version: "1.0.0" }),
      anAgent("b", { connected_at: 5, version: "2.0.0" }),
      anAgent("c", { version: "2.0.0", os: "darwin" }),
      anAgent("d"),
      anAgent("e", { version: "1.0.0" }),
      anAgent("gone", { connected_at: 5, revoked_at: 9 }),
    ]);
    await insertAll(db, "releases", [aRelease("2.0.0")]);
    await insertAll(db, "rollouts", [aRolloutRow({ silent_after_ms: 60_000 })]);
    await insertAll(db, "targets", [
      target("a", "downloading", 900_000),
      target("b", "staging", 990_000),
      target("c", "failed"),
      target("e", "rolled_back"),
    ]);
    const overview = await readOverview(db, HEARING);
    expect(overviewSchema.parse(overview)).toEqual(overview);
    expect(overview).toMatchObject({
      agents: 5,
      online: 2,
      offline: 3,
      unknownVersion: 1,
      failed: 2,
      stuck: 1,
    });
    expect(overview.platforms).toEqual([
      { os: "linux", arch: "amd64", count: 4 },
      { os: "darwin", arch: "amd64", count: 1 },
    ]);
    const total = async (query: Partial<AgentQuery>) =>
      (await readAgents(db, { limit: 1, ...query }, CONTEXT)).total;
    expect(await total({})).toBe(overview.agents);
    expect(await total({ online: "true" })).toBe(overview.online);
    expect(await total({ online: "false" })).toBe(overview.offline);
    expect(await total({ attention: "failed" })).toBe(overview.failed);
    expect(await total({ attention: "stuck" })).toBe(overview.stuck);
    expect(await total({ attention: "unknown_version" })).toBe(overview.unknownVersion);
    expect(await total({ os: "darwin", arch: "amd64" })).toBe(1);
    for (const [state, count] of Object.entries(overview.targetStates)) {
      expect(await total({ state })).toBe(count);
    }
    expect(await ids({ attention: "stuck" })).toEqual(["a"]);
  });

  test("an agent shows its target only while that is under way or waiting", async () => {
    await insertAll(db, "agents", [anAgent("a"), anAgent("b")]);
    await insertAll(db, "releases", [aRelease("2.0.0")]);
    await insertAll(db, "rollouts", [aRolloutRow()]);
    await insertAll(db, "targets", [target("a", "downloading"), target("b", "failed")]);
    const page = await readAgents(db, { limit: 10 }, CONTEXT);
    expect(agentPageSchema.parse(page)).toEqual(page);
    expect(page.items.map((item) => item.target?.state ?? null)).toEqual(["downloading", null]);
  });
});
