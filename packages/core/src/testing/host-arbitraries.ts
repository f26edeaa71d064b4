import fc from "fast-check";
import { ERROR_REGISTRY } from "../error-registry.ts";
import type { ErrorCode } from "../errors.ts";
import type { HealthReport } from "../update/health.ts";
import type { HostState, HostTime, Journal, Probation, UpdateAttempt } from "../update/host.ts";
import type { Observed, ObservedTree } from "../update/decide-boot.ts";

/** Few of each, so that what belongs together often meets. */
export const versionArbitrary = fc.constantFrom("1.0.0", "1.1.0", "2.0.0-rc.1");
const bootIdArbitrary = fc.constantFrom("boot-1", "boot-2");
const timeArbitrary = fc.integer({ min: 0, max: 300_000 });
const digestArbitrary = fc.constantFrom("a".repeat(64), "b".repeat(64));
const maybeVersion = fc.option(versionArbitrary, { nil: null });

export const hostTimeArbitrary: fc.Arbitrary<HostTime> = fc.record({
  bootId: bootIdArbitrary,
  monotonicMs: timeArbitrary,
  wallMs: timeArbitrary,
});

export const attemptArbitrary: fc.Arbitrary<UpdateAttempt> = fc.record({
  targetId: fc.constantFrom("target-1", "target-2"),
  product: fc.constant("acme-agent"),
  fromVersion: maybeVersion,
  toVersion: versionArbitrary,
  manifestDigest: digestArbitrary,
  floor: maybeVersion,
  limits: fc.record({
    deadlineMs: fc.integer({ min: 1000, max: 100_000 }),
    stabilizationMs: fc.integer({ min: 0, max: 20_000 }),
    maxBoots: fc.integer({ min: 1, max: 5 }),
  }),
  startedAt: timeArbitrary,
});

export const probationArbitrary: fc.Arbitrary<Probation> = fc.record({
  bootId: bootIdArbitrary,
  lastSeenMs: timeArbitrary,
  spentMs: timeArbitrary,
  boots: fc.integer({ min: 0, max: 8 }),
  healthySinceMs: fc.option(timeArbitrary, { nil: null }),
  switched: hostTimeArbitrary,
});

const causeArbitrary = fc.record({
  code: fc.constantFrom(...(Object.keys(ERROR_REGISTRY) as ErrorCode[])),
  message: fc.string({ maxLength: 200 }),
});

export const hostStateArbitrary: fc.Arbitrary<HostState> = fc.oneof(
  fc.constant({ kind: "steady" } as const),
  fc.record({ kind: fc.constant("staged" as const), attempt: attemptArbitrary }),
  fc.record({ kind: fc.constant("activating" as const), attempt: attemptArbitrary }),
  fc.record({
    kind: fc.constant("probation" as const),
    attempt: attemptArbitrary,
    probation: probationArbitrary,
  }),
  fc.record({
    kind: fc.constant("committed" as const),
    attempt: attemptArbitrary,
    probation: probationArbitrary,
  }),
  fc.record({
    kind: fc.constant("rolling_back" as const),
    attempt: attemptArbitrary,
    probation: fc.option(probationArbitrary, { nil: null }),
    cause: causeArbitrary,
  }),
);

export const journalArbitrary: fc.Arbitrary<Journal> = fc.record({
  schema: fc.constant(1 as const),
  generation: fc.nat(1_000_000),
  state: hostStateArbitrary,
  floor: maybeVersion,
  bad: fc.array(fc.record({ version: versionArbitrary, manifestDigest: digestArbitrary }), { maxLength: 32 }),
  recovery: fc.option(
    fc.record({
      fromVersion: versionArbitrary,
      toVersion: versionArbitrary,
      manifestDigest: digestArbitrary,
      at: timeArbitrary,
    }),
    { nil: null },
  ),
});

export const healthArbitrary: fc.Arbitrary<HealthReport> = fc.record({
  schema: fc.constant(1 as const),
  version: versionArbitrary,
  bootId: bootIdArbitrary,
  pid: fc.integer({ min: 1, max: 99_999 }),
  writtenAtMs: timeArbitrary,
  connectedSinceMs: fc.option(timeArbitrary, { nil: null }),
  checks: fc.array(
    fc.record({ name: fc.constant("disk"), ok: fc.boolean(), message: fc.string({ maxLength: 20 }) }),
    {
      maxLength: 3,
    },
  ),
});

const treeArbitrary: fc.Arbitrary<ObservedTree> = fc.record({
  version: versionArbitrary,
  tree: fc.constantFrom("intact", "unverified", "broken"),
});

export const observedArbitrary: fc.Arbitrary<Observed> = fc.record({
  trigger: fc.constantFrom("boot", "watch"),
  updaterActive: fc.boolean(),
  current: fc.option(treeArbitrary, { nil: null }),
  lastGood: fc.option(treeArbitrary, { nil: null }),
  seed: maybeVersion,
  health: fc.option(healthArbitrary, { nil: null }),
  gateway: fc.constantFrom("accepting", "not_accepting", "unreachable", "unknown"),
  payload: fc.oneof(
    fc.record({ kind: fc.constant("running" as const), sinceMs: timeArbitrary }),
    fc.constant({ kind: "stopped" } as const),
    fc.constant({ kind: "unknown" } as const),
  ),
});
