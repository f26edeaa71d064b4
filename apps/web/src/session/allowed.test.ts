import type { RolloutView } from "@muster/protocol/http";
import { expect, test } from "vitest";
import { isAllowed, rolloutResource } from "./allowed.ts";

const operator = { grants: [{ role: "operator", groupId: null }] } as const;
const viewer = { grants: [{ role: "viewer", groupId: null }] } as const;
const ofGroup = { grants: [{ role: "operator", groupId: "grp_1" }] } as const;

const resourceOf = (cohort: RolloutView["spec"]["cohort"]) =>
  rolloutResource({ spec: { cohort } as RolloutView["spec"] });

test("a rollout of everybody is for who operates the fleet", () => {
  const everybody = resourceOf({ kind: "all" });
  expect(isAllowed(operator, "rollouts.manage", everybody)).toBe(true);
  expect(isAllowed(viewer, "rollouts.manage", everybody)).toBe(false);
  expect(isAllowed(ofGroup, "rollouts.manage", everybody)).toBe(false);
});

test("a group's rollout is also for who operates the group", () => {
  expect(isAllowed(ofGroup, "rollouts.manage", resourceOf({ kind: "group", id: "grp_1" }))).toBe(true);
  expect(isAllowed(ofGroup, "rollouts.manage", resourceOf({ kind: "group", id: "grp_2" }))).toBe(false);
});

test("named agents may be in the group: the server is asked", () => {
  const named = resourceOf({ kind: "agents", ids: ["a1"] });
  expect(isAllowed(ofGroup, "rollouts.manage", named)).toBe(true);
  expect(isAllowed(viewer, "rollouts.manage", named)).toBe(false);
});
