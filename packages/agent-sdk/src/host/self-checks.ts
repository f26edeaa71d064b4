import { asMusterError, type HealthReport } from "@muster/core";
import type { AgentClock, SelfCheck, SelfCheckResult } from "../ports.ts";

/** A check that has not answered by then has failed. */
const CHECK_TIMEOUT_MS = 4000;
const MESSAGE_MAX = 1024;

/** Runs every check at once; one that throws or hangs has failed. */
export async function runSelfChecks(
  checks: readonly SelfCheck[],
  clock: AgentClock,
): Promise<HealthReport["checks"]> {
  return await Promise.all(
    checks.map(async (check) => {
      const { name } = check;
      const { ok, message } = await Promise.race([attempt(check), timeout(clock)]);
      return { name: name.slice(0, 64), ok, message: message.slice(0, MESSAGE_MAX) };
    }),
  );
}

async function attempt(check: SelfCheck): Promise<SelfCheckResult> {
  try {
    return await check.run();
  } catch (error) {
    return { ok: false, message: asMusterError(error).message };
  }
}

function timeout(clock: AgentClock): Promise<SelfCheckResult> {
  const message = `did not answer within ${CHECK_TIMEOUT_MS} ms`;
  return new Promise((resolve) => clock.after(CHECK_TIMEOUT_MS, () => resolve({ ok: false, message })));
}
