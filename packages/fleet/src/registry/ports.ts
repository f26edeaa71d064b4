import type { Platform } from "@muster/core";
import type { ReleaseView } from "@muster/protocol/http";
import type { AuditTrail } from "../audit/ports.ts";
import type { OpenedContent, Page, PageQuery, ResumePoint } from "../ports.ts";
import type { Actor } from "../people/actor.ts";

/** Fetches artifacts from where they are said to be. */
export interface ArtifactFetcher {
  /**
   * Begins to fetch what is at an https address, from a byte on if the host can. Fails, here or while the content is read,
   * with `MIRROR_DESTINATION_FORBIDDEN`, `MIRROR_FETCH_FAILED`, `MIRROR_TOO_LARGE` (over `maxBytes`), or the signal's own
   * reason. Tries once: the caller retries.
   */
  fetch(request: FetchRequest): Promise<OpenedContent>;
}

export interface FetchRequest {
  readonly location: ArtifactLocation;
  /** Null: from its beginning. */
  readonly from: ResumePoint | null;
  /** Of what is sent. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Where an artifact is, and how to ask for it. */
export interface ArtifactLocation {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to this origin only. */
  readonly credential?: { readonly origin: string; readonly authorization: string } | null;
  /** Hosts that may be asked for it besides those that are always allowed. */
  readonly hosts?: readonly string[];
}

/** An artifact's asset among those of the source's release. */
export interface OriginAsset extends Platform {
  /** By which the release host knows it. */
  readonly id: string;
  readonly name: string;
}

/** Where a release was imported from. */
export interface ReleaseOrigin {
  readonly sourceId: string;
  readonly tag: string;
  /** An artifact that is not among them is fetched from the address in the manifest. */
  readonly assets: readonly OriginAsset[];
}

export interface ReleaseKey {
  readonly product: string;
  readonly version: string;
}

export interface ArtifactKey extends ReleaseKey {
  readonly os: string;
  readonly arch: string;
}

export interface PublishRequest {
  /** The exact bytes that were signed. */
  readonly manifest: Uint8Array;
  /** The content of the .sig file. */
  readonly signatures: Uint8Array;
  /** `url`: artifacts are fetched from their addresses; `upload`: they are sent with `upload`. */
  readonly source: "url" | "upload";
  /** The release of a source that it is imported from; left out: it is published by hand. */
  readonly origin?: ReleaseOrigin;
}

/** The registry's use cases. Every one is durable when it resolves. */
export interface ReleaseRegistry {
  /**
   * Verifies and records a release. The same bytes again change nothing, but begin a failed mirroring anew. Throws
   * `SIGNATURE_…`, `MANIFEST_…`, `RELEASE_EXISTS` for other bytes under the same version, `RELEASE_YANKED`.
   */
  publish(request: PublishRequest, actor: Actor, trail?: AuditTrail): Promise<ReleaseView>;
  /**
   * Takes one artifact; the last one makes the release ready. Wrong content is refused and can be sent again. Throws
   * `RESOURCE_NOT_FOUND`, `ARTIFACT_…`, `MIRROR_TOO_LARGE`, `RELEASE_YANKED`, and whatever the content ends with.
   */
  upload(artifact: ArtifactKey, content: AsyncIterable<Uint8Array>, trail?: AuditTrail): Promise<ReleaseView>;
  /**
   * Begins a failed mirroring anew; it goes on where it stopped. Changes nothing while one is under way. Throws
   * `RESOURCE_NOT_FOUND`, `RELEASE_TRANSITION_INVALID`; what waits for uploads has nothing to retry.
   */
  retry(release: ReleaseKey, trail?: AuditTrail): Promise<ReleaseView>;
  /** No new rollout may use it, running ones pause. Idempotent. Throws `RESOURCE_NOT_FOUND`, `RELEASE_TRANSITION_INVALID`. */
  yank(release: ReleaseKey, why: string, trail?: AuditTrail): Promise<ReleaseView>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  get(release: ReleaseKey): Promise<ReleaseView>;
  /** Newest first. Throws `REQUEST_INVALID` for a cursor that is none. */
  list(query: ReleaseQuery): Promise<Page<ReleaseView>>;
  /** Goes on with what a kill cut off: mirrorings, and the pauses of yanked releases. Call once, at the start. */
  resume(): Promise<void>;
  /** Ends background work; what was under way goes on at the next start. */
  stop(): Promise<void>;
}

/** As `releaseListQuerySchema` reads it. */
export interface ReleaseQuery extends PageQuery {
  readonly product?: string | undefined;
}
