import { Option } from "@commander-js/extra-typings";
import { ERROR_REGISTRY, isErrorCode, MusterError } from "@muster/core";
import type { Client, ReleaseView } from "@muster/protocol/http";
import { parseDuration } from "../arguments/duration.ts";
import { argument } from "../arguments/usage.ts";
import type { Progress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";

const POLL_MS = 500;

export function noWaitOption() {
  return new Option("--no-wait", "do not wait until the release is ready");
}

export function waitTimeoutOption() {
  return new Option("--timeout <duration>", "how long to wait")
    .argParser(argument(parseDuration))
    .default(30 * 60_000, "30m");
}

interface Waiting {
  readonly client: Client;
  readonly progress: Progress;
  readonly timeoutMs: number;
  readonly terminal: Terminal;
}

/** The release when it is ready, with its progress shown until then. Throws why it failed, or `RELEASE_NOT_READY` at the end. */
export async function waitUntilReady(
  release: ReleaseView,
  { client, progress, timeoutMs, terminal }: Waiting,
): Promise<ReleaseView> {
  const limit = terminal.now() + timeoutMs;
  let latest = release;
  let shown = -1;
  while (latest.state === "draft" || latest.state === "mirroring") {
    if (terminal.now() > limit) {
      progress.abandon();
      throw new MusterError("RELEASE_NOT_READY", { version: latest.version, state: latest.state });
    }
    const place = latest.artifacts.findIndex(({ mirrored }) => !mirrored);
    const next = latest.artifacts[place];
    if (next && place !== shown) {
      progress.begin(`mirror ${next.os}/${next.arch}, ${place + 1} of ${latest.artifacts.length}`, next.size);
    }
    shown = place;
    progress.advance(next?.mirroredBytes ?? 0);
    await terminal.wait(POLL_MS, terminal.signal);
    latest = await client.releases.get(latest, { signal: terminal.signal });
  }
  if (latest.state === "ready") {
    progress.finish();
    return latest;
  }
  progress.abandon();
  throw failureOf(latest);
}

function failureOf({ product, version, state, code, message }: ReleaseView): MusterError {
  const known = isErrorCode(code) ? code : state === "yanked" ? "RELEASE_YANKED" : "RELEASE_NOT_READY";
  const problem = message === null ? null : withoutMeaning(message, ERROR_REGISTRY[known].meaning);
  return new MusterError(known, {
    release: `${product} ${version}`,
    state,
    ...(problem !== null && { problem }),
  });
}

/** The facts of a message whose meaning is said before it. */
function withoutMeaning(message: string, meaning: string): string {
  if (!message.startsWith(meaning)) return message;
  return message.slice(meaning.length).replace(/^ \((.*)\)$/s, "$1");
}
