import { MusterError } from "@muster/core";
import type { ArtifactLocation } from "../../registry/ports.ts";
import type { HostAsset, SourceKind, SourcePlace } from "../../sources/ports.ts";
import type { Credential } from "../fetcher/guarded-request.ts";

/** What differs between the kinds of release hosts. */
export interface Dialect {
  /** The host's name, of what was asked for. Throws `REQUEST_INVALID`. */
  nameOf(host: string | undefined): string;
  /** Begin of the addresses of the repository's releases in the host's API. */
  releasesUrl(place: SourcePlace): string;
  /** Query of the list, for so many. */
  listQuery(count: number): string;
  readonly headers: Readonly<Record<string, string>>;
  credential(place: SourcePlace): Credential | null;
  /** Hosts that this kind answers from, see `parseAllowList`. */
  hosts(place: SourcePlace): readonly string[];
  locate(place: SourcePlace, tag: string, asset: Pick<HostAsset, "id" | "name">): ArtifactLocation;
}

const GITHUB = "github.com";
const GITHUB_API = "https://api.github.com";
/** Where GitHub keeps assets and redirects to; the older of the two is still answered from. */
const GITHUB_HOSTS = [
  GITHUB,
  "api.github.com",
  "release-assets.githubusercontent.com",
  "objects.githubusercontent.com",
];

const part = encodeURIComponent;

/** https://docs.github.com/rest/releases */
const github: Dialect = {
  nameOf: (host) => {
    if (host === undefined || host.toLowerCase() === GITHUB) return GITHUB;
    throw new MusterError("REQUEST_INVALID", { field: "host", problem: `must be ${GITHUB}, or left out` });
  },
  releasesUrl: ({ owner, repo }) => `${GITHUB_API}/repos/${part(owner)}/${part(repo)}/releases`,
  listQuery: (count) => `per_page=${count}`,
  headers: { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" },
  credential: ({ token }) =>
    token === null ? null : { origin: GITHUB_API, authorization: `Bearer ${token}` },
  hosts: () => GITHUB_HOSTS,
  locate: (place, tag, { id, name }) => {
    const { owner, repo, token } = place;
    // The API's address counts towards the rate limit; the browser's does not, but knows no tokens.
    if (token === null) return { url: downloadUrl(GITHUB, place, { tag, name }), hosts: GITHUB_HOSTS };
    return {
      url: `${GITHUB_API}/repos/${part(owner)}/${part(repo)}/releases/assets/${part(id)}`,
      headers: { accept: "application/octet-stream", "x-github-api-version": "2022-11-28" },
      credential: github.credential(place),
      hosts: GITHUB_HOSTS,
    };
  },
};

/** Forgejo and Gitea: https://codeberg.org/api/swagger */
const forgejo: Dialect = {
  nameOf: (host) => {
    const text = `https://${host ?? ""}`;
    const url = URL.canParse(text) ? new URL(text) : null;
    if (host === undefined || !url || url.host === "" || !/^[^\s/?#@\\*]+$/.test(host)) {
      throw new MusterError("REQUEST_INVALID", {
        field: "host",
        problem: "must be a host such as git.example.com, or git.example.com:3000",
      });
    }
    return url.host;
  },
  releasesUrl: ({ host, owner, repo }) =>
    `https://${host}/api/v1/repos/${part(owner)}/${part(repo)}/releases`,
  listQuery: (count) => `draft=false&limit=${count}`,
  headers: { accept: "application/json" },
  credential: ({ host, token }) =>
    token === null ? null : { origin: `https://${host}`, authorization: `token ${token}` },
  hosts: ({ host }) => [host],
  locate: (place, tag, { name }) => ({
    url: downloadUrl(place.host, place, { tag, name }),
    credential: forgejo.credential(place),
    hosts: [place.host],
  }),
};

export const DIALECTS: Readonly<Record<SourceKind, Dialect>> = { github, forgejo };

/** Both kinds give a release's files to browsers at the same place. */
function downloadUrl(
  host: string,
  { owner, repo }: SourcePlace,
  { tag, name }: { readonly tag: string; readonly name: string },
): string {
  return `https://${host}/${part(owner)}/${part(repo)}/releases/download/${part(tag)}/${part(name)}`;
}
