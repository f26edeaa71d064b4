import { MusterError } from "@muster/core";
import { createClient, type LiveEvent, type RolloutView } from "@muster/protocol/http";
import { describe, expect, test } from "vitest";
import { sampleRollout, sampleTarget } from "../testing/views.ts";
import { isSettled, watchRollout, type Watched } from "./watch-rollout.ts";

/** A client whose rollout reads as the snapshots in turn, and whose events are these. */
function clientOf(snapshots: readonly RolloutView[], events: readonly (LiveEvent | MusterError)[]) {
  const left = [...snapshots];
  const client = createClient({ server: "http://unused.invalid" });
  return {
    ...client,
    rollouts: { ...client.rollouts, get: async () => left.shift() ?? sampleRollout({ state: "failed" }) },
    events: async function* ({ onTrouble, signal }: Parameters<typeof client.events>[0] = {}) {
      for (const event of events) {
        if (signal?.aborted) return;
        if (event instanceof MusterError) onTrouble?.(event);
        else yield event;
      }
    },
  };
}

const rollout = (change: Partial<RolloutView>): LiveEvent => ({
  event: "rollout",
  data: sampleRollout(change),
});
const reset: LiveEvent = { event: "reset", data: {} };
const away = new MusterError("SERVER_UNREACHABLE");

const targets = (list: ReturnType<typeof sampleTarget>[]): LiveEvent => ({
  event: "targets",
  data: { rolloutId: "ro_1", targets: list },
});

async function watch(client: ReturnType<typeof clientOf>, clock: readonly number[] = []) {
  const changes: Watched[] = [];
  const times = [...clock];
  const ended = await watchRollout(client, "ro_1", {
    signal: new AbortController().signal,
    now: () => times.shift() ?? 0,
    patienceMs: 1000,
    onChange: (watched) => changes.push(watched),
    onTrouble: () => undefined,
  });
  return { ended, changes };
}

describe("watching a rollout", () => {
  test("shows it as it is and as it changes, until it ends", async () => {
    const client = clientOf(
      [sampleRollout({ revision: 1 }), sampleRollout({ revision: 2 })],
      [
        reset,
        rollout({ revision: 3 }),
        rollout({ revision: 4, state: "completed" }),
        rollout({ revision: 5 }),
      ],
    );
    const { ended, changes } = await watch(client);
    expect(ended.state).toBe("completed");
    expect(changes.map((change) => change.rollout.revision)).toEqual([1, 2, 3, 4]);
  });

  test("looks no further at one that has ended", async () => {
    const { changes } = await watch(clientOf([sampleRollout({ state: "rolled_back" })], []));
    expect(changes).toHaveLength(1);
  });

  test("believes no event that is older than what it read", async () => {
    const client = clientOf(
      [sampleRollout({ revision: 1 }), sampleRollout({ revision: 7, touched: 9 })],
      [
        reset,
        rollout({ revision: 6, state: "completed" }),
        rollout({ revision: 8, state: "completed", touched: 10 }),
      ],
    );
    expect((await watch(client)).ended.touched).toBe(10);
  });

  test("keeps the latest of each of its own targets", async () => {
    const client = clientOf(
      [sampleRollout(), sampleRollout()],
      [
        reset,
        targets([sampleTarget(), sampleTarget({ id: "ta_2", rolloutId: "ro_2" })]),
        targets([sampleTarget({ state: "restarting" })]),
        rollout({ state: "completed" }),
      ],
    );
    const { changes } = await watch(client);
    expect([...(changes.at(-1)?.targets.values() ?? [])].map(({ id, state }) => [id, state])).toEqual([
      ["ta_1", "restarting"],
    ]);
  });

  test("gives up when the server is away for too long, not when it comes back in time", async () => {
    const snapshots = [sampleRollout(), sampleRollout()];
    const long = clientOf(snapshots, [reset, away, away, away]);
    await expect(watch(long, [0, 0, 900, 1001])).rejects.toBe(away);
    const short = clientOf(snapshots, [reset, away, away, reset, rollout({ state: "completed" })]);
    expect((await watch(short, [0, 0, 900])).ended.state).toBe("failed");
  });
});

test.each([
  ["running", null, false],
  ["scheduled", null, false],
  ["rolling_back", null, false],
  ["paused", "operator", false],
  ["paused", "approval_required", false],
  ["paused", "outside_window", false],
  ["paused", "failure_threshold", true],
  ["paused", "release_yanked", true],
  ["completed", null, true],
  ["canceled", null, true],
  ["failed", null, true],
  ["rolled_back", null, true],
] as const)("a rollout that is %s (%s) is settled: %s", (state, pauseCause, settled) => {
  expect(isSettled({ state, pauseCause })).toBe(settled);
});
