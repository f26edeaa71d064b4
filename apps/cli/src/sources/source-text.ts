import type { SourceReleaseView, SourceView } from "@muster/protocol/http";
import { formatAgo } from "../terminal/format.ts";
import { facts, table } from "../terminal/table.ts";
import type { Output, Terminal } from "../terminal/terminal.ts";

/** Everything about one source. */
export function describeSource(output: Output, source: SourceView): string {
  return facts(output, [
    ["Source", source.id],
    ["Repository", repositoryOf(source)],
    ["Kind", source.kind],
    ["Product", source.product],
    ["Token", source.hasToken ? "set" : "none"],
  ]);
}

export function sourceTable(output: Output, sources: readonly SourceView[]): string {
  return table(
    output,
    [
      { title: "SOURCE", value: ({ id }) => id },
      { title: "PRODUCT", value: ({ product }) => product },
      { title: "KIND", value: ({ kind }) => kind },
      { title: "TOKEN", value: ({ hasToken }) => (hasToken ? "set" : "none") },
      { title: "REPOSITORY", value: repositoryOf },
    ],
    sources,
  );
}

export function sourceReleaseTable(
  { stdout, now }: Pick<Terminal, "stdout" | "now">,
  releases: readonly SourceReleaseView[],
): string {
  return table(
    stdout,
    [
      { title: "TAG", value: ({ tag }) => tag },
      { title: "VERSION", value: ({ version }) => version },
      { title: "PUBLISHED", value: ({ publishedAt }) => formatAgo(now(), publishedAt) },
      { title: "HERE", value: ({ state }) => state },
      {
        title: "IMPORT",
        value: importOf,
        style: ({ ready, state }) => (state === "ready" ? null : ready ? "green" : "yellow"),
      },
    ],
    releases,
  );
}

function importOf({ ready, prerelease, reason, message, state }: SourceReleaseView): string {
  if (state === "ready") return "is here";
  if (ready) return prerelease ? "ready (prerelease)" : "ready";
  return `not ready: ${message ?? reason ?? "unknown"}`;
}

function repositoryOf({ host, owner, repo }: SourceView): string {
  return `${host}/${owner}/${repo}`;
}
