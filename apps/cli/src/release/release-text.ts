import type { ReleaseView } from "@muster/protocol/http";
import { formatBytes, formatTime } from "../terminal/format.ts";
import { facts, table } from "../terminal/table.ts";
import type { Output } from "../terminal/terminal.ts";

/** The colour of a release's state. */
export function releaseStyle(state: ReleaseView["state"]) {
  const styles = {
    ready: "green",
    draft: "yellow",
    mirroring: "yellow",
    yanked: "red",
    failed: "red",
  } as const;
  return styles[state];
}

/** Everything about one release. */
export function describeRelease(output: Output, release: ReleaseView): string {
  const about = facts(output, [
    ["Release", `${release.product} ${release.version}`],
    ["State", release.message === null ? release.state : `${release.state}: ${release.message}`],
    ["Channel", release.channel],
    ["Floor", release.floor],
    ["Signed by", release.signedBy.join(", ")],
    ["Published", `${formatTime(release.publishedAt)} by ${release.publishedBy}`],
    ...(release.origin === null ? [] : [["From", `${release.origin.source} ${release.origin.tag}`] as const]),
    ["Manifest", release.manifestDigest],
  ]);
  const artifacts = table(
    output,
    [
      { title: "PLATFORM", value: ({ os, arch }) => `${os}/${arch}` },
      { title: "SIZE", value: ({ size }) => formatBytes(size) },
      {
        title: "ARCHIVE",
        value: ({ mirrored, mirroredBytes }) =>
          mirrored ? "stored" : `${formatBytes(mirroredBytes)} stored`,
        style: ({ mirrored }) => (mirrored ? "green" : "yellow"),
      },
    ],
    release.artifacts,
  );
  return `${about}\n${artifacts}`;
}
