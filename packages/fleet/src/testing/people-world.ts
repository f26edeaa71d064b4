import type { AuditEntry } from "../audit/ports.ts";
import { createArgon2Hasher } from "../adapters/argon2-hasher.ts";
import { createSystemRandom } from "../adapters/system-random.ts";
import type { OidcSetup } from "../people/people.ts";
import { createPeople, type People } from "../people/people.ts";
import type { Authenticated, Caller, PasswordHasher, Place } from "../people/ports.ts";
import { createSealer, SEALER_KEY_BYTES } from "../secrets/sealer.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

export const HOME: Place = { address: "192.0.2.1", userAgent: "test" };
export const ELSEWHERE: Place = { address: "198.51.100.7", userAgent: "test" };
export const PASSWORD = "four words nobody says";

/** People on a database of their own, with a clock that stands and passwords that cost nothing. */
export interface PeopleWorld {
  readonly db: Database;
  readonly clock: FakeClock;
  readonly people: People;
  readonly audited: AuditEntry[];
  /** The server's own token at work. */
  readonly root: Caller;
  /** How often a password was held against a hash. */
  readonly verifications: () => number;
  callerOf(found: Authenticated | null, place?: Place): Caller;
  /** The caller that somebody is who signs in now. */
  signedIn(name: string, password?: string, code?: string): Promise<Caller>;
  close(): Promise<void>;
}

export async function createPeopleWorld(oidc: OidcSetup | null = null): Promise<PeopleWorld> {
  const db = await openDatabase({ path: ":memory:" });
  const clock = createFakeClock();
  const audited: AuditEntry[] = [];
  const record = async (...entries: readonly AuditEntry[]) => void audited.push(...entries);
  const counted = countVerifications(createArgon2Hasher({ memoryKiB: 16, passes: 1 }));
  const people = await createPeople({
    db,
    clock,
    random: createSystemRandom(),
    audit: { record, recordIn: (_trx, entries) => record(...entries) },
    hasher: counted.hasher,
    sealer: createSealer(new Uint8Array(SEALER_KEY_BYTES)),
    oidc,
  });
  const root = callerOf(await people.apiTokens.find(await people.apiTokens.renewAdministrator()));
  return {
    db,
    clock,
    people,
    audited,
    root,
    verifications: counted.count,
    callerOf,
    signedIn: async (name, password = PASSWORD, code) => {
      const attempt = { name, password, code, carrier: "bearer", place: HOME, device: null } as const;
      const { secret } = await people.signIn.byPassword(attempt);
      return callerOf(await people.sessions.find(secret));
    },
    close: () => db.destroy(),
  };
}

function callerOf(found: Authenticated | null, place = HOME): Caller {
  if (!found) throw new Error("the credentials are worth nothing");
  return { ...found, place };
}

function countVerifications(hasher: PasswordHasher) {
  let verifications = 0;
  const verify: PasswordHasher["verify"] = (password, hash) => {
    verifications += 1;
    return hasher.verify(password, hash);
  };
  return { hasher: { ...hasher, verify }, count: () => verifications };
}
