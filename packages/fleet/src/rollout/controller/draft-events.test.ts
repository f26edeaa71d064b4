import { isErrorCode, ERROR_REGISTRY, type Target, TARGET_TRANSITIONS, type TargetState } from "@muster/core";
import { aRollout, aTarget, aWave } from "@muster/core/testing";
import { describe, expect, test } from "vitest";
import { beginDraft, moveRollout, moveWave, type RolloutDraft, setWave } from "./draft.ts";
import { eventsOfDraft } from "./draft-events.ts";

const RUNNING = aRollout({ state: { kind: "running" }, waves: [aWave(0, { kind: "open" })] });

function draftOf(before: Target, after: Target): RolloutDraft {
  const draft = beginDraft({ rollout: RUNNING, targets: [before] }, 2_000_000);
  draft.originals.set(before.id, before);
  draft.changed.set(after.id, after);
  return draft;
}

const BYTES = { receivedBytes: 1, totalBytes: 2 };
function stateOf(
  kind: TargetState["kind"],
  code: "DISK_SHORT" | "INTERNAL_UNEXPECTED" = "DISK_SHORT",
): TargetState {
  if (kind === "downloading") return { kind, ...BYTES };
  if (kind === "failed" || kind === "rolled_back") return { kind, code, message: "why" };
  return { kind };
}

const typesOf = (from: TargetState, to: TargetState, purpose: Target["purpose"] = "update") => {
  const target = { ...aTarget("t1"), purpose };
  return eventsOfDraft(draftOf({ ...target, state: from }, { ...target, state: to })).map(({ type }) => type);
};

describe("a target", () => {
  test.each([
    ["pending", "dispatched", ["upgrade_started"]],
    ["dispatched", "downloading", []],
    ["downloading", "verifying", ["upgrade_downloaded"]],
    ["verifying", "staging", []],
    ["staging", "restarting", ["upgrade_staged"]],
    ["restarting", "healthy", ["upgrade_completed"]],
    ["dispatched", "healthy", ["upgrade_downloaded", "upgrade_staged", "upgrade_completed"]],
    ["downloading", "restarting", ["upgrade_downloaded", "upgrade_staged"]],
    ["restarting", "rolled_back", ["upgrade_rolled_back"]],
    ["staging", "failed", ["upgrade_disk_full"]],
    ["pending", "canceled", ["upgrade_canceled"]],
    ["pending", "superseded", ["upgrade_superseded"]],
  ] as const)("from %s to %s: %j", (from, to, types) => {
    expect(typesOf(stateOf(from), stateOf(to))).toEqual(types);
  });

  test.each([
    ["dispatched", "upgrade_dispatch_failed"],
    ["downloading", "upgrade_download_failed"],
    ["verifying", "upgrade_verify_failed"],
    ["staging", "upgrade_stage_failed"],
    ["restarting", "upgrade_restart_failed"],
  ] as const)("that fails with a code without a short name is told by its stage: %s", (from, type) => {
    expect(typesOf(stateOf(from), stateOf("failed", "INTERNAL_UNEXPECTED"))).toEqual([type]);
  });

  test("that returns to its version before is not taken for an update", () => {
    expect(typesOf(stateOf("restarting"), stateOf("healthy"), "return")).toEqual(["return_completed"]);
    expect(typesOf(stateOf("staging"), stateOf("failed"), "return")).toEqual(["return_failed"]);
  });

  test("is told at every step that its machine allows, but for those within a download", () => {
    for (const [from, nexts] of Object.entries(TARGET_TRANSITIONS)) {
      for (const to of nexts) {
        const isQuiet =
          `${from} ${to}` === "dispatched downloading" || `${from} ${to}` === "verifying staging";
        const types = typesOf(stateOf(from as TargetState["kind"]), stateOf(to));
        expect(types.length > 0, `${from} -> ${to}`).toBe(!isQuiet);
      }
    }
  });

  test("that says nothing new is not told again", () => {
    expect(
      typesOf({ kind: "downloading", ...BYTES }, { kind: "downloading", receivedBytes: 2, totalBytes: 2 }),
    ).toEqual([]);
  });
});

test("every short name in the registry of errors is one of an upgrade", () => {
  for (const [code, entry] of Object.entries(ERROR_REGISTRY)) {
    if (!isErrorCode(code) || !("event" in entry)) continue;
    expect(typesOf(stateOf("staging"), { kind: "failed", code, message: "why" })).toEqual([entry.event]);
  }
});

describe("a rollout", () => {
  test("is told with why it pauses, before what its targets do, and its end after them", () => {
    const target = { ...aTarget("t1"), state: stateOf("restarting") };
    const paused = draftOf(target, { ...target, state: stateOf("failed") });
    moveRollout(paused, { kind: "pause", cause: "failure_threshold" });
    expect(eventsOfDraft(paused)).toMatchObject([
      { type: "rollout_paused", severity: "error", data: { cause: "failure_threshold" } },
      { type: "upgrade_disk_full", code: "DISK_SHORT" },
    ]);
    const ended = draftOf(target, { ...target, state: stateOf("healthy") });
    moveRollout(ended, { kind: "complete" });
    expect(eventsOfDraft(ended).map(({ type }) => type)).toEqual(["upgrade_completed", "rollout_completed"]);
  });

  test("that goes on is resumed, not started", () => {
    const paused = aRollout({ state: { kind: "paused", cause: "operator" } });
    const draft = beginDraft({ rollout: paused, targets: [] }, 1);
    moveRollout(draft, { kind: "resume" });
    expect(eventsOfDraft(draft).map(({ type }) => type)).toEqual(["rollout_resumed"]);
  });

  test("tells what its waves do", () => {
    const draft = beginDraft({ rollout: RUNNING, targets: [] }, 1);
    moveWave(draft, 0, { kind: "settle", until: 5 });
    setWave(draft, 0, { approved: true });
    expect(eventsOfDraft(draft)).toMatchObject([
      { type: "wave_approved", wave: 0 },
      { type: "wave_settling", wave: 0, category: "wave" },
    ]);
  });

  test("of which nothing but a reason changes is not told", () => {
    const draft = beginDraft({ rollout: RUNNING, targets: [] }, 1);
    setWave(draft, 0, { reason: "settling" });
    expect(eventsOfDraft(draft)).toEqual([]);
  });
});
