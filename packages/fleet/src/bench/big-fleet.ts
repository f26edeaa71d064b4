import { createHash } from "node:crypto";
import { versionKey } from "../agents/version-key.ts";
import { insertAll } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import { aLabel, anAgent, anArtifact, aRelease, aRolloutRow, aTargetRow } from "../testing/rows.ts";

const SITES = ["fra", "ams", "lhr", "waw", "mad", "ord", "sin", "syd"] as const;
const ROLES = ["edge", "web", "db", "cache"] as const;
const VERSIONS = ["2.5.0", "2.5.1", "2.5.2", "2.6.0-rc.1"] as const;

/** When the fleet is as it is, milliseconds since 1970. */
export const NOW = 1_800_000_000_000;

/** The same fleet every time: sites, roles, racks, platforms and versions, and one rollout that went over all of it. */
export async function fillFleet(db: Database, count: number): Promise<void> {
  const agents = Array.from({ length: count }, (_, index) => bigAgent(index));
  await insertAll(
    db,
    "agents",
    agents.map(({ row }) => row),
  );
  await insertAll(
    db,
    "agent_labels",
    agents.flatMap(({ row, labels }) =>
      Object.entries(labels).map(([key, value]) => aLabel(row.id, key, value)),
    ),
  );
  await insertAll(db, "releases", [aRelease("2.5.1"), aRelease("2.6.0")]);
  await insertAll(db, "artifacts", [
    anArtifact("2.6.0"),
    anArtifact("2.6.0", { arch: "arm64" }),
    anArtifact("2.6.0", { os: "windows" }),
  ]);
  const rollout = aRolloutRow({ version: "2.5.1", state: "completed", open: 0, ended_at: NOW });
  await insertAll(db, "rollouts", [rollout]);
  await insertAll(
    db,
    "targets",
    agents.map(({ row, chance }) =>
      aTargetRow(row.id, {
        to_version: "2.5.1",
        state: chance(4) < 3 ? "failed" : "healthy",
        state_json: '{"code":"DISK_SHORT","message":""}',
      }),
    ),
  );
}

function bigAgent(index: number) {
  const digest = createHash("sha256").update(String(index)).digest();
  /** 0 to 255, of its own for each place. */
  const chance = (place: number) => digest[place] ?? 0;
  const site = SITES[chance(0) % SITES.length] ?? "fra";
  const role = ROLES[chance(1) % ROLES.length] ?? "web";
  const version = chance(2) < 2 ? null : (VERSIONS[chance(2) % VERSIONS.length] ?? null);
  const labels = {
    env: chance(3) < 218 ? "production" : "staging",
    site,
    role,
    rack: `${site}-${chance(5)}`,
    ...(chance(6) < 8 && { canary: "" }),
  };
  const id = `ag${digest.toString("hex").slice(0, 24)}`;
  const isOnline = chance(7) < 248;
  const row = anAgent(id, {
    hostname: `${site}-${role}-${String(index).padStart(6, "0")}`,
    version,
    version_key: versionKey(version),
    os: chance(8) < 20 ? "windows" : "linux",
    arch: chance(9) < 180 ? "amd64" : "arm64",
    labels_json: JSON.stringify(labels),
    own_labels_json: JSON.stringify(labels),
    connected_at: isOnline ? NOW - 1000 : null,
    last_seen_at: isOnline ? NOW - chance(10) * 100 : NOW - chance(10) * 3_600_000,
    enrolled_at: NOW - chance(11) * 86_400_000,
    policy_json:
      chance(12) < 3 ? '{"updates":false,"maintenance":false}' : '{"updates":true,"maintenance":false}',
  });
  return { row, labels, chance };
}
