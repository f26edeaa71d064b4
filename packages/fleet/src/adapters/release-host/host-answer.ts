import { type Decoder, parse } from "@muster/core";
import type { HostAsset, HostRelease } from "../../sources/ports.ts";

const { array, boolean, decodeJson, integer, nullable, object, optional, string } = parse;

/** Release notes are long, and not read. */
const TEXT_MAX = 200_000;

type Fields = Parameters<typeof object>[0];

/** An object of which only these fields are read: hosts add others as they like. */
function having<F extends Fields>(fields: F): ReturnType<typeof object<F>> {
  const decoder = object(fields);
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return decoder(value, path);
    const known = Object.entries(value).filter(([name]) => Object.hasOwn(fields, name));
    return decoder(Object.fromEntries(known), path);
  };
}

const assetDecoder = having({
  id: integer({ min: 0 }),
  name: string({ max: TEXT_MAX }),
  size: integer({ min: 0 }),
  /** GitHub's: `uploaded`, or `open` while it is not. */
  state: optional(string()),
});

/** The fields that GitHub, Forgejo and Gitea have in common. */
const releaseDecoder = having({
  tag_name: string({ max: TEXT_MAX }),
  name: optional(nullable(string({ max: TEXT_MAX }))),
  draft: boolean,
  prerelease: boolean,
  published_at: optional(nullable(string())),
  assets: array(assetDecoder, { max: 1000 }),
});

type AnsweredRelease = ReturnType<typeof releaseDecoder>;

/** A host's list of releases, without drafts, newest first. Throws `SOURCE_ANSWER_INVALID`. */
export function readReleaseList(text: string): readonly HostRelease[] {
  return read(array(releaseDecoder, { max: 1000 }), text)
    .filter(({ draft }) => !draft)
    .map(toHostRelease)
    .toSorted((a, b) => (b.publishedAt ?? 0) - (a.publishedAt ?? 0));
}

/** A host's one release; null if it is a draft. Throws `SOURCE_ANSWER_INVALID`. */
export function readOneRelease(text: string): HostRelease | null {
  const release = read(releaseDecoder, text);
  return release.draft ? null : toHostRelease(release);
}

function read<T>(decoder: Decoder<T>, text: string): T {
  return decodeJson(decoder, text, "SOURCE_ANSWER_INVALID");
}

function toHostRelease({
  tag_name: tag,
  name,
  prerelease,
  published_at,
  assets,
}: AnsweredRelease): HostRelease {
  const publishedAt = Date.parse(published_at ?? "");
  return {
    tag,
    name: name ?? tag,
    prerelease,
    publishedAt: Number.isNaN(publishedAt) ? null : publishedAt,
    assets: assets.map(toHostAsset),
  };
}

function toHostAsset({ id, name, size, state }: AnsweredRelease["assets"][number]): HostAsset {
  return { id: String(id), name, sizeBytes: size, isComplete: state === undefined || state === "uploaded" };
}
