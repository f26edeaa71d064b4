import { MusterError, RELEASE_TRANSITIONS, type ReleaseState } from "@muster/core";
import type { ReleaseView } from "@muster/protocol/http";
import type { EventJournal, NewEvent } from "../events/ports.ts";
import type { Database } from "../store/database.ts";
import type { ArtifactRow, ReleaseRow } from "../store/schema.ts";
import type { ReleaseKey } from "./ports.ts";

/** How a release under way gets its artifacts; kept so that a start knows what to go on with. */
export type Source = "url" | "upload";

/** Everything of a release's row that a view needs; the signed bytes are large and stay where they are. */
export const RELEASE_COLUMNS = [
  "product",
  "version",
  "channel",
  "notes",
  "floor",
  "manifest_digest",
  "state",
  "state_json",
  "signed_by_json",
  "published_at",
  "published_by",
] as const satisfies readonly (keyof ReleaseRow)[];

export type ReleaseColumns = Pick<ReleaseRow, (typeof RELEASE_COLUMNS)[number]>;

/** `state_json`: the state's own data, and the source. */
interface StateData {
  readonly source?: Source;
  readonly why?: string;
  readonly code?: string;
  readonly message?: string;
}

/** The release's row, or `RESOURCE_NOT_FOUND`. */
export async function readRelease(db: Database, { product, version }: ReleaseKey): Promise<ReleaseColumns> {
  const row = await db
    .selectFrom("releases")
    .select(RELEASE_COLUMNS)
    .where("product", "=", product)
    .where("version", "=", version)
    .executeTakeFirst();
  if (!row) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "release", product, version });
  return row;
}

export function readArtifacts(db: Database, { product, version }: ReleaseKey): Promise<ArtifactRow[]> {
  return db
    .selectFrom("artifacts")
    .selectAll()
    .where("product", "=", product)
    .where("version", "=", version)
    .orderBy("os")
    .orderBy("arch")
    .execute();
}

export function stateKind(row: Pick<ReleaseRow, "state">): ReleaseState["kind"] {
  const kind = Object.keys(RELEASE_TRANSITIONS).find((name) => name === row.state);
  if (kind === undefined)
    throw new MusterError("STORE_UNAVAILABLE", { field: "releases.state", value: row.state });
  return kind as ReleaseState["kind"];
}

export function stateData(row: Pick<ReleaseRow, "state_json">): StateData {
  return JSON.parse(row.state_json) as StateData;
}

interface Move {
  readonly to: ReleaseState;
  readonly source?: Source | undefined;
  readonly events: EventJournal;
}

/** Moves a release on, inside a transaction, and says so. Throws `RELEASE_TRANSITION_INVALID`. */
export async function moveRelease(
  trx: Database,
  key: ReleaseKey,
  { to, source, events }: Move,
): Promise<void> {
  const row = await readRelease(trx, key);
  const from = stateKind(row);
  const allowed: readonly ReleaseState["kind"][] = RELEASE_TRANSITIONS[from];
  if (!allowed.includes(to.kind)) {
    throw new MusterError("RELEASE_TRANSITION_INVALID", { ...key, from, to: to.kind });
  }
  const { kind, ...data } = to;
  const kept = source ?? stateData(row).source;
  await updateRelease(trx, key, { state: kind, state_json: JSON.stringify({ ...data, source: kept }) });
  await events.append(trx, [eventOf(key, to)]);
}

const RELEASE_EVENTS = {
  draft: ["release_published", "info", "is published"],
  mirroring: ["release_mirroring", "info", "is being mirrored"],
  ready: ["release_ready", "info", "is ready"],
  failed: ["release_failed", "error", "could not be mirrored"],
  yanked: ["release_yanked", "warning", "is yanked"],
} as const satisfies Record<ReleaseState["kind"], readonly [string, NewEvent["severity"], string]>;

/** What happens when a release comes into a state. */
export function eventOf({ product, version }: ReleaseKey, state: ReleaseState): NewEvent {
  const [type, severity, what] = RELEASE_EVENTS[state.kind];
  const because = state.kind === "failed" ? state.message : state.kind === "yanked" ? state.why : "";
  const code = state.kind === "failed" ? state.code : null;
  const message = `Release ${product} ${version} ${what}${because === "" ? "" : `: ${because}`}`;
  return { type, category: "release", severity, code, message, product, version };
}

export async function updateRelease(
  trx: Database,
  { product, version }: ReleaseKey,
  change: Partial<ReleaseRow>,
): Promise<void> {
  await trx
    .updateTable("releases")
    .set(change)
    .where("product", "=", product)
    .where("version", "=", version)
    .execute();
}

/** Notes that the release's artifacts of this digest are in the object store; the last one makes it ready. */
export async function markMirrored(
  trx: Database,
  key: ReleaseKey,
  { sha256, events }: { readonly sha256: string; readonly events: EventJournal },
): Promise<void> {
  await trx
    .updateTable("artifacts")
    .set({ mirrored: 1 })
    .where("product", "=", key.product)
    .where("version", "=", key.version)
    .where("sha256", "=", sha256)
    .execute();
  await completeIfMirrored(trx, key, events);
}

export async function completeIfMirrored(
  trx: Database,
  key: ReleaseKey,
  events: EventJournal,
): Promise<void> {
  if (stateKind(await readRelease(trx, key)) !== "mirroring") return;
  if (await isWhollyMirrored(trx, key)) await moveRelease(trx, key, { to: { kind: "ready" }, events });
}

export async function isWhollyMirrored(trx: Database, key: ReleaseKey): Promise<boolean> {
  return (await readArtifacts(trx, key)).every(({ mirrored }) => mirrored === 1);
}

/** A release and all that is shown of it, as they are stored. */
export interface WholeRelease {
  readonly release: ReleaseColumns;
  readonly artifacts: readonly ArtifactRow[];
  readonly origin: ReleaseView["origin"];
}

/** A release as the API shows it. `storedBytes` says how far an artifact that is not mirrored yet has come. */
export function toReleaseView(
  { release: row, artifacts, origin }: WholeRelease,
  storedBytes: (sha256: string) => number,
): ReleaseView {
  const { code, message, why } = stateData(row);
  return {
    product: row.product,
    version: row.version,
    channel: row.channel,
    notes: row.notes,
    floor: row.floor,
    manifestDigest: row.manifest_digest,
    state: stateKind(row),
    code: code ?? null,
    message: message ?? why ?? null,
    publishedAt: row.published_at,
    publishedBy: row.published_by,
    signedBy: JSON.parse(row.signed_by_json) as string[],
    origin,
    artifacts: artifacts.map(({ os, arch, sha256, size, mirrored }) => ({
      os,
      arch,
      sha256,
      size,
      mirrored: mirrored === 1,
      mirroredBytes: mirrored === 1 ? size : storedBytes(sha256),
    })),
  };
}
