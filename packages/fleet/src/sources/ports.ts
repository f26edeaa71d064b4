import type {
  CreateSource,
  ImportRelease,
  ReleaseView,
  SourceReleasesView,
  SourceView,
  UpdateSource,
} from "@muster/protocol/http";
import type { AuditTrail } from "../audit/ports.ts";
import type { Actor } from "../people/actor.ts";
import type { Page, PageQuery } from "../ports.ts";
import type { ArtifactLocation } from "../registry/ports.ts";

export type SourceKind = SourceView["kind"];

/** A repository on a release host, and as whom to ask for it. */
export interface SourcePlace {
  readonly kind: SourceKind;
  /** With its port, if that is not 443. */
  readonly host: string;
  readonly owner: string;
  readonly repo: string;
  readonly token: string | null;
}

/** A file of a release on its host. */
export interface HostAsset {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Whether its upload has ended. */
  readonly isComplete: boolean;
}

/** A published release as its host tells it. */
export interface HostRelease {
  readonly tag: string;
  readonly name: string;
  readonly prerelease: boolean;
  readonly publishedAt: number | null;
  readonly assets: readonly HostAsset[];
}

export type HostListing =
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "listed";
      /** Newest first, without drafts. */
      readonly releases: readonly HostRelease[];
      /** Sent with the next question, so that an answer that has not changed is short; null: none. */
      readonly validator: string | null;
    };

/**
 * Hosts of releases. They are asked once: the caller retries. Every question may end with `SOURCE_ACCESS_DENIED`,
 * `SOURCE_RATE_LIMITED` (with `retryAfterMs`), `SOURCE_UNAVAILABLE`, `SOURCE_ANSWER_INVALID`,
 * `MIRROR_DESTINATION_FORBIDDEN`, or the signal's own reason.
 */
export interface ReleaseHost {
  /** The host's name in its one spelling. Throws `REQUEST_INVALID`, `MIRROR_DESTINATION_FORBIDDEN`. */
  nameOf(kind: SourceKind, host: string | undefined): string;
  /** The recent releases. */
  list(place: SourcePlace, validator: string | null, signal: AbortSignal): Promise<HostListing>;
  /** Throws `SOURCE_RELEASE_NOT_FOUND` too. */
  find(place: SourcePlace, tag: string, signal: AbortSignal): Promise<HostRelease>;
  /** The content of a small asset. Throws `MIRROR_…` too. */
  read(location: ArtifactLocation, maxBytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Where an asset is fetched from. */
  locate(place: SourcePlace, tag: string, asset: Pick<HostAsset, "id" | "name">): ArtifactLocation;
}

/** Who imports, and where that is written down. */
export interface ImportedBy {
  readonly actor: Actor;
  readonly trail?: AuditTrail | undefined;
}

/** Where releases are imported from. Tokens go in and never come out. What changes something is recorded with the change. */
export interface Sources {
  /** Throws `SOURCE_EXISTS`, `REQUEST_INVALID`, `MIRROR_DESTINATION_FORBIDDEN`. */
  create(request: CreateSource, actor: Actor, trail?: AuditTrail): Promise<SourceView>;
  /** By name. */
  list(query: PageQuery): Promise<Page<SourceView>>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  get(id: string): Promise<SourceView>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  update(id: string, change: UpdateSource, trail?: AuditTrail): Promise<SourceView>;
  /** What was imported from it stays; a mirroring that still needs it fails. Throws `RESOURCE_NOT_FOUND`. */
  remove(id: string, trail?: AuditTrail): Promise<void>;
  /**
   * The recent releases and whether they can be imported. The host is asked at most every five minutes, or every ten seconds
   * with `refresh`. When it cannot be asked, the answer is that of the last time and says so; without one it is thrown.
   * Throws `RESOURCE_NOT_FOUND` and what `ReleaseHost` does.
   */
  releases(id: string, options: { readonly refresh: boolean }): Promise<SourceReleasesView>;
  /**
   * Verifies and records the release of a tag, and begins to mirror its artifacts from the release's own assets. Throws
   * `SOURCE_RELEASE_…` and what `ReleaseHost` and `ReleaseRegistry.publish` do.
   */
  import(id: string, request: ImportRelease, by: ImportedBy): Promise<ReleaseView>;
  /** Gives up what hosts are being asked. */
  stop(): void;
}
