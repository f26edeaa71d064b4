import { MusterError } from "@muster/core";
import type { SourceReleasesView, SourceReleaseView, SourceView } from "@muster/protocol/http";
import type { TrustAnchor } from "@muster/trust";
import { sql } from "kysely";
import type { AuditDeed, AuditDetails } from "../audit/ports.ts";
import type { Clock, Page, PageQuery } from "../ports.ts";
import type { ReleaseRegistry } from "../registry/ports.ts";
import { stateKind } from "../registry/release-rows.ts";
import type { Sealer } from "../secrets/sealer.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { SourceRow } from "../store/schema.ts";
import { importRelease } from "./import-release.ts";
import type { HostRelease, ReleaseHost, Sources } from "./ports.ts";
import { importedNames, readinessOf, versionOfTag } from "./readiness.ts";
import { createReleaseListing, type Listing } from "./release-listing.ts";
import { readSource, sealToken, toPlace, toSourceView } from "./source-rows.ts";

export interface SourcesPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly host: ReleaseHost;
  readonly releases: Pick<ReleaseRegistry, "publish">;
  /** The keys that releases must be signed with. */
  readonly trustedAnchor: TrustAnchor;
}

export function createSources(ports: SourcesPorts): Sources {
  const { db, clock, sealer, host } = ports;
  const stopping = new AbortController();
  const { signal } = stopping;
  const listing = createReleaseListing({ host, clock, signal });

  return {
    create: async (request, actor, trail) => {
      const { kind, owner, repo, product, id = product } = request;
      const row: SourceRow = {
        id,
        kind,
        host: host.nameOf(kind, request.host),
        owner,
        repo,
        product,
        token_sealed: sealToken(sealer, id, request.token),
        created_at: clock.now(),
        created_by: actor.name,
      };
      await db.transaction().execute(async (trx) => {
        const there = await trx.selectFrom("sources").select("id").where("id", "=", id).executeTakeFirst();
        if (there) throw new MusterError("SOURCE_EXISTS", { source: id });
        await trx.insertInto("sources").values(row).execute();
        await trail?.recordIn(trx, deedOf("source.create", row));
      });
      return toSourceView(row);
    },
    list: (query) => listSources(db, query),
    get: async (id) => toSourceView(await readSource(db, id)),
    update: async (id, { token, ...change }, trail) => {
      const sealed = token === undefined ? {} : { token_sealed: sealToken(sealer, id, token) };
      const set = { ...definedOf(change), ...sealed };
      const row = await db.transaction().execute(async (trx) => {
        if (Object.keys(set).length > 0)
          await trx.updateTable("sources").set(set).where("id", "=", id).execute();
        const changed = await readSource(trx, id);
        await trail?.recordIn(trx, deedOf("source.update", changed, { tokenChanged: token !== undefined }));
        return changed;
      });
      listing.forget(id);
      return toSourceView(row);
    },
    remove: async (id, trail) => {
      await db.transaction().execute(async (trx) => {
        const row = await readSource(trx, id);
        await trx.deleteFrom("sources").where("id", "=", id).execute();
        await trail?.recordIn(trx, deedOf("source.remove", row));
      });
      listing.forget(id);
    },
    releases: async (id, options) => {
      const row = await readSource(db, id);
      return toReleasesView(db, row, await listing.read(id, toPlace(row, sealer), options));
    },
    import: async (id, request, by) => {
      const row = await readSource(db, id);
      const from = { sourceId: id, place: toPlace(row, sealer), product: row.product };
      return importRelease({ ...ports, signal }, { from, request, by });
    },
    stop: () => stopping.abort(new MusterError("SERVER_OVERLOADED", { problem: "the server stops" })),
  };
}

async function listSources(db: Database, query: PageQuery): Promise<Page<SourceView>> {
  const all = db.selectFrom("sources");
  const { items, nextCursor } = await readPage(all.selectAll(), query, {
    sort: sql.ref("id"),
    id: sql.ref("id"),
    type: "string",
    descending: false,
    placeOf: ({ id }) => ({ sort: id, id }),
  });
  const { total } = await all.select(db.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
  return { items: items.map(toSourceView), nextCursor, total };
}

async function toReleasesView(
  db: Database,
  { product }: SourceRow,
  { releases, checkedAt, problem }: Listing,
): Promise<SourceReleasesView> {
  const states = await readStates(db, product, releases);
  return {
    items: releases.map((release) => toSourceReleaseView(release, product, states)),
    checkedAt,
    problem: problem && {
      code: problem.error.code,
      message: problem.error.message,
      retryAfterMs: problem.retryAfterMs,
    },
  };
}

type States = ReadonlyMap<string, NonNullable<SourceReleaseView["state"]>>;

/** How those of the releases stand that the registry has, by version. */
async function readStates(db: Database, product: string, releases: readonly HostRelease[]): Promise<States> {
  const versions = releases.flatMap(({ tag }) => versionOfTag(tag) ?? []);
  if (versions.length === 0) return new Map();
  const published = await db
    .selectFrom("releases")
    .select(["version", "state"])
    .where("product", "=", product)
    .where("version", "in", versions)
    .execute();
  return new Map(published.map((row) => [row.version, stateKind(row)]));
}

function toSourceReleaseView(release: HostRelease, product: string, states: States): SourceReleaseView {
  const { tag, name, publishedAt, prerelease } = release;
  const version = versionOfTag(tag);
  const state = version === null ? null : (states.get(version) ?? null);
  const readiness = readinessOf(release, importedNames(product));
  const told = { tag, name, version, publishedAt, prerelease, state };
  if (state === "yanked") {
    return { ...told, ready: false, reason: "yanked", message: "it was yanked here, for good" };
  }
  if (readiness.kind === "ready") return { ...told, ready: true, reason: null, message: null };
  return { ...told, ready: false, reason: readiness.reason, message: readiness.message };
}

/** What the audit log says of a source; never its token. */
function deedOf(action: string, row: SourceRow, more: AuditDetails = {}): AuditDeed {
  const { kind, host, owner, repo, product, token_sealed } = row;
  return {
    action,
    resource: { kind: "source", id: row.id },
    details: { kind, host, owner, repo, product, hasToken: token_sealed !== null, ...more },
  };
}

/** Only what a change says. */
function definedOf<T extends object>(change: T): Partial<T> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<T>;
}
