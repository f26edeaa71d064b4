import { expect, test } from "vitest";
import { aTarget, FAILED, planInput, inWaves, pending } from "../testing/index.ts";
import { planRollout } from "./plan-rollout.ts";

test("planning changes nothing that it is given", () => {
  const situation = planInput({ spec: inWaves(), targets: [aTarget("a", FAILED), ...pending("b", "c")] });
  const copy = structuredClone({ rollout: situation.rollout, targets: situation.targets });
  planRollout(situation);
  expect({ rollout: situation.rollout, targets: situation.targets }).toEqual(copy);
});
