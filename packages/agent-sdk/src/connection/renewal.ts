import { asMusterError, type HostLayout } from "@muster/core";
import { decodeRenewResponse, encodeRenewRequest } from "@muster/protocol/agent";
import { createKeyAndRequest } from "@muster/trust/x509";
import {
  finishRenewal,
  loadIdentity,
  prepareRenewal,
  type AgentIdentity,
} from "../identity/identity-store.ts";
import type { AgentClock, AgentLog, Random } from "../ports.ts";
import { backoffMs } from "./backoff.ts";

/** Asks the gateway for the next certificate, with the present one. */
export type RenewCall = (request: Buffer, identity: AgentIdentity) => Promise<Buffer>;

export interface RenewalOptions {
  readonly layout: HostLayout;
  readonly clock: AgentClock;
  readonly random: Random;
  readonly log: AgentLog;
  readonly call: RenewCall;
  readonly identity: () => AgentIdentity;
  /** The new identity is on disk. */
  readonly onRenewed: (identity: AgentIdentity) => void;
}

type Validity = Pick<AgentIdentity, "notBefore" | "expiresAt">;

const MINUTE_MS = 60_000;
/** The wall clock is looked at again after so long: it may have been set. */
const LOOK_AGAIN_MS = 60 * MINUTE_MS;
/** Part of the certificate's time that the renewals of a fleet are spread over. */
const SPREAD = 0.1;

/** Renews the certificate at half of its time, with a new key each time, until it is stopped. */
export function startRenewal(options: RenewalOptions): { stop(): void } {
  const { clock, random, log } = options;
  let callOff: (() => void) | null = null;
  let stopped = false;
  let failures = 0;
  let chance = random();
  let since = issuedAt(options.identity(), clock);

  function schedule(): void {
    const ageMs = Math.max(clock.now() - since.wallMs, clock.monotonicMs() - since.monotonicMs);
    const inMs = renewalDelayMs(options.identity(), ageMs, chance);
    callOff = clock.after(Math.min(inMs, LOOK_AGAIN_MS), () => {
      if (inMs > LOOK_AGAIN_MS) schedule();
      else void renew();
    });
  }

  async function renew(): Promise<void> {
    try {
      const identity = await renewOnce(options);
      if (stopped) return;
      failures = 0;
      chance = random();
      since = { wallMs: clock.now(), monotonicMs: clock.monotonicMs() };
      log.info("certificate renewed", { expiresAt: identity.expiresAt });
      options.onRenewed(identity);
      schedule();
    } catch (error) {
      if (stopped) return;
      const { code, message } = asMusterError(error);
      // Slower than a stream's: the certificate is good for as long again.
      const inMs = backoffMs(failures + 7, { random });
      failures += 1;
      log.warn("certificate not renewed", { code, problem: message, inMs });
      callOff = clock.after(inMs, () => void renew());
    }
  }

  schedule();
  return {
    stop: () => {
      stopped = true;
      callOff?.();
    },
  };
}

/**
 * When a certificate was issued, on both clocks of this host. One of this process's own is as old as the older of the two
 * says: the wall clock may be set, the monotonic one stands still while the host sleeps. Of one that was there before,
 * only the wall clock knows; where that says it is from the future, it is taken for old.
 */
function issuedAt({ notBefore, expiresAt }: Validity, clock: AgentClock) {
  const now = clock.now();
  const ageMs = now < notBefore ? expiresAt - notBefore : now - notBefore;
  return { wallMs: now - ageMs, monotonicMs: clock.monotonicMs() - ageMs };
}

/** Milliseconds until a certificate should be renewed. One that is older than that is renewed soon, but not at once. */
function renewalDelayMs({ notBefore, expiresAt }: Validity, ageMs: number, chance: number): number {
  const lifeMs = expiresAt - notBefore;
  const leastMs = Math.max(0, Math.min(MINUTE_MS, (lifeMs - ageMs) / 2));
  return Math.max(lifeMs * (0.5 + SPREAD * chance) - ageMs, leastMs);
}

async function renewOnce({ layout, call, identity }: RenewalOptions): Promise<AgentIdentity> {
  const { privateKeyPem, csr } = createKeyAndRequest();
  await prepareRenewal(layout, privateKeyPem);
  const { certificate } = decodeRenewResponse(await call(encodeRenewRequest(csr), identity()));
  await finishRenewal(layout, certificate);
  return await loadIdentity(layout);
}
