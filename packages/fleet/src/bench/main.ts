import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filterContext } from "../groups/group-book.ts";
import { loadGroups, refreshMembers } from "../groups/load-groups.ts";
import { readAgents } from "../agents/read-agents.ts";
import { readOverview } from "../agents/overview.ts";
import { readDrifting } from "../desired/drifting.ts";
import { previewRollout } from "../rollout/preview.ts";
import { insertAll } from "../store/bulk.ts";
import { type Database, openDatabase } from "../store/database.ts";
import type { GroupRow } from "../store/schema.ts";
import { fillFleet, NOW } from "./big-fleet.ts";

/** What an operator asks of a list of agents in a day. */
const FILTERS = [
  "",
  "fra-web",
  "hostname:fra-web-*",
  "version:<2.6",
  "version:2.5.1 os:linux",
  "env=production",
  "env=production -tag:canary site=fra",
  "tag:canary",
  "is:offline",
  "is:failed",
  "state:failed version:<2.6 os:linux",
  "last_seen:>1h",
  "version:<2.6 os:linux -tag:canary state:failed last_seen:>1h",
  "group:group-7",
  "role=web or role=db",
  "nobody-has-this-name",
] as const;

const SORTS = ["hostname", "-lastSeenAt"] as const;
const RUNS = 9;
const GROUPS = 50;

async function main(count: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const db = await openDatabase({ path: join(folder, "muster.db") });
  try {
    say(`${count} agents, ${GROUPS} groups`);
    await db.transaction().execute((trx) => fillFleet(trx, count));
    await insertAll(
      db,
      "groups",
      Array.from({ length: GROUPS }, (_, index) => aGroup(index)),
    );
    await measureAll(db);
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureAll(db: Database): Promise<void> {
  const { book, memberships } = await loadGroups(db);
  await measure("groups and their members, at a start", 3, () => loadGroups(db));
  const group = book.find("group-7");
  if (group) await measure("a rule changes", RUNS, () => refreshMembers(db, memberships, group));
  const context = { ...filterContext(book, { now: NOW, listeningSince: 0 }), groupsOf: () => [] };
  const medians: number[] = [];
  for (const filter of FILTERS) {
    for (const sort of SORTS) {
      const name = `list ${JSON.stringify(filter)} by ${sort}`;
      medians.push(await measure(name, RUNS, () => readAgents(db, { limit: 100, filter, sort }, context)));
    }
  }
  say(`list, median of all: ${median(medians).toFixed(1)} ms; slowest ${Math.max(...medians).toFixed(1)} ms`);
  await measure("overview", RUNS, () => readOverview(db, context.hearing));
  const ports = {
    db,
    openRollouts: () => [],
    filterContext: () => context,
    groupId: (name: string) => book.find(name)?.row.id,
    pasts: { rollbacksOf: () => 0 },
  };
  const preview = (
    cohort: { kind: "all" } | { kind: "group"; id: string } | { kind: "filter"; filter: string },
  ) => previewRollout(ports, { product: "app", version: "2.6.0", cohort, strategy: { kind: "immediate" } });
  await measure("preview of all", RUNS, () => preview({ kind: "all" }));
  await measure("preview of a group", RUNS, () => preview({ kind: "group", id: "group-7" }));
  await measure("preview of a filter", RUNS, () => preview({ kind: "filter", filter: "env=production" }));
  const state = { groupId: "", product: "app", clearedAt: 0 } as Parameters<typeof readDrifting>[2]["state"];
  const release = { version: "2.6.0" } as Parameters<typeof readDrifting>[2]["release"];
  await measure("drift of all agents", 3, () =>
    readDrifting(db, { memberships, followed: () => "" }, { state, release }),
  );
}

function aGroup(index: number): GroupRow {
  const rules = [
    "env=production",
    "site=fra role=web",
    "os:linux -tag:canary",
    "hostname:ams-*",
    "tag:canary or os:windows",
  ];
  return {
    id: `grp_${String(index).padStart(2, "0")}`,
    name: `group-${index}`,
    description: "",
    rule: rules[index % rules.length] ?? "",
    priority: index,
    revision: 1,
    created_at: 1,
    created_by: "bench",
    updated_at: 1,
  };
}

async function measure(name: string, runs: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    // The database works in this process: its processor time is what a quiet machine would take, whatever else runs here.
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1000);
  }
  const middle = median(times);
  say(`${middle.toFixed(1).padStart(8)} ms  ${name}`);
  return middle;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main(Number(process.argv[2] ?? 100_000));
