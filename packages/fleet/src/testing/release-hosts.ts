import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Network } from "../adapters/fetcher/network.ts";
import { startHttpsOrigin } from "./https-origin.ts";
import { testNetwork } from "./test-network.ts";

/** A release as its makers put it on a host. */
export interface HostedRelease {
  readonly tag: string;
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  readonly publishedAt?: string;
  readonly assets: Readonly<Record<string, Uint8Array>>;
  /** Names of the assets whose upload has not ended. */
  readonly incomplete?: readonly string[];
}

export interface HostRequest {
  readonly host: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** Answers a request itself and says so, or leaves it to the host. */
export type Interception = (request: HostRequest, response: ServerResponse) => boolean;

/**
 * github.com, and a Forgejo at git.example.com, on this machine: the repository acme/agent, over real https. GitHub redirects
 * to where it keeps assets, which refuses requests with credentials, as the real one does.
 */
export interface ReleaseHosts {
  readonly network: Network;
  readonly requests: readonly HostRequest[];
  /** The repository's releases, from now on. */
  releases: readonly HostedRelease[];
  /** Only who shows this token sees the repository; null: everybody. */
  token: string | null;
  intercept: Interception | null;
  close(): Promise<void>;
}

const FORGEJO = "git.example.com";
const STORE = "release-assets.githubusercontent.com";
const NAMES = ["github.com", "api.github.com", STORE, FORGEJO, "evil.example.com"];

export async function startReleaseHosts(): Promise<ReleaseHosts> {
  const origin = await startHttpsOrigin(NAMES);
  const requests: HostRequest[] = [];
  const hosts: ReleaseHosts = {
    network: testNetwork(origin),
    requests,
    releases: [],
    token: null,
    intercept: null,
    close: () => origin.close(),
  };
  origin.answer((incoming, response) => {
    const { headers, url = "/" } = incoming;
    const request = { host: headers.host ?? "", path: url, headers };
    requests.push(request);
    if (hosts.intercept?.(request, response) !== true) answer(hosts, request, response);
  });
  return hosts;
}

function answer(hosts: ReleaseHosts, { host, path, headers }: HostRequest, response: ServerResponse): void {
  const assets = hosts.releases.flatMap((release, index) =>
    Object.entries(release.assets).map(([name, content], place) => {
      return { tag: release.tag, id: index * 100 + place, name, content, release };
    }),
  );
  const isSeen = hosts.token === null || (headers.authorization ?? "").endsWith(` ${hosts.token}`);
  if (host === STORE) {
    if (headers.authorization !== undefined) return end(response, 400);
    return sendContent(assets.find(({ id }) => path.startsWith(`/${id}?`))?.content, headers, response);
  }
  if (!isSeen) return end(response, 404);
  const api = host === FORGEJO ? "/api/v1/repos/acme/agent/releases" : "/repos/acme/agent/releases";
  const isApi = host === "api.github.com" || host === FORGEJO;
  if (isApi && path.startsWith(api)) {
    const rest = path.slice(api.length);
    const asset = /^\/assets\/(\d+)$/.exec(rest)?.[1];
    if (host !== FORGEJO && asset !== undefined) return redirectToStore(asset, response);
    return answerApi(hosts, { rest, headers }, response);
  }
  const [, tag = "", name = ""] = /^\/acme\/agent\/releases\/download\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  const wanted = assets.find(
    (asset) => encodeURIComponent(asset.tag) === tag && encodeURIComponent(asset.name) === name,
  );
  if (!wanted) return end(response, 404);
  if (host === FORGEJO) return sendContent(wanted.content, headers, response);
  // A browser's address knows no tokens.
  return hosts.token === null ? redirectToStore(String(wanted.id), response) : end(response, 404);
}

function redirectToStore(id: string, response: ServerResponse): void {
  response.writeHead(302, { location: `https://${STORE}/${id}?signature=secret` }).end();
}

function answerApi(
  { releases }: ReleaseHosts,
  { rest, headers }: { readonly rest: string; readonly headers: IncomingMessage["headers"] },
  response: ServerResponse,
): void {
  const all = releases.map(toJson);
  const tag = /^\/tags\/([^/?]+)$/.exec(rest)?.[1];
  const found = tag === undefined ? all : all.find(({ tag_name }) => encodeURIComponent(tag_name) === tag);
  if (found === undefined) return end(response, 404);
  const body = JSON.stringify(found);
  const etag = `W/"${createHash("sha256").update(body).digest("hex")}"`;
  const head = { etag, "content-type": "application/json", "x-ratelimit-remaining": "57" };
  if (headers["if-none-match"] === etag) response.writeHead(304, head).end();
  else response.writeHead(200, head).end(body);
}

/** With the fields that matter, and some that do not. */
function toJson(release: HostedRelease, index: number) {
  const { tag, draft = false, prerelease = false, publishedAt = "2026-01-02T03:04:05Z" } = release;
  return {
    id: index,
    node_id: "RE_kwDO",
    tag_name: tag,
    name: `Release ${tag}`,
    body: "Notes. ".repeat(1000),
    draft,
    prerelease,
    published_at: draft ? null : publishedAt,
    author: { login: "octocat" },
    assets: Object.entries(release.assets).map(([name, content], place) => ({
      id: index * 100 + place,
      name,
      size: content.length,
      content_type: "application/octet-stream",
      state: release.incomplete?.includes(name) ? "open" : "uploaded",
      browser_download_url: "https://evil.example.com/nobody-asks-for-this",
    })),
  };
}

function sendContent(
  content: Uint8Array | undefined,
  headers: IncomingMessage["headers"],
  response: ServerResponse,
): void {
  if (!content) return end(response, 404);
  const etag = `"${createHash("sha256").update(content).digest("hex")}"`;
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const isRest = from > 0 && (headers["if-range"] === undefined || headers["if-range"] === etag);
  if (!isRest) {
    response.writeHead(200, { etag, "content-length": content.length }).end(content);
    return;
  }
  const range = `bytes ${from}-${content.length - 1}/${content.length}`;
  response.writeHead(206, { etag, "content-range": range, "content-length": content.length - from });
  response.end(content.subarray(from));
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
