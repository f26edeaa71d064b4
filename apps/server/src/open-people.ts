import { readFile } from "node:fs/promises";
import { MusterError } from "@muster/core";
import {
  type Audit,
  type Clock,
  createOpenIdProvider,
  createPeople,
  createSystemRandom,
  type Database,
  type OidcSetup,
  type People,
  type Sealer,
} from "@muster/fleet";
import { OIDC_CALLBACK } from "./http/routes/oidc-routes.ts";
import type { OidcSettings, ServerSettings } from "./settings/settings.ts";

interface PeopleSources {
  readonly db: Database;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly sealer: Sealer;
  readonly settings: Pick<ServerSettings, "oidc" | "publicUrl">;
}

/** Who may come in. Throws `SERVER_CONFIG_INVALID` for an identity provider that is half set up. */
export async function openPeople({ db, clock, audit, sealer, settings }: PeopleSources): Promise<People> {
  return createPeople({
    db,
    clock,
    random: createSystemRandom(),
    audit,
    sealer,
    oidc: settings.oidc && (await setUpOidc(settings.oidc, settings.publicUrl)),
  });
}

async function setUpOidc(oidc: OidcSettings, publicUrl: URL | null): Promise<OidcSetup> {
  if (publicUrl === null) {
    const problem = "the identity provider has to be told where to send people back to";
    throw new MusterError("SERVER_CONFIG_INVALID", { setting: "--public-url (MUSTER_PUBLIC_URL)", problem });
  }
  const { issuer, clientId, groupsClaim, name, roles } = oidc;
  const provider = createOpenIdProvider({
    issuer,
    clientId,
    clientSecret: await readSecret(oidc.clientSecretFile),
    redirectUri: new URL(OIDC_CALLBACK, publicUrl),
    scope: ["openid", ...oidc.scopes].join(" "),
    groupsClaim,
  });
  return { provider, name, mappings: roles };
}

async function readSecret(path: string): Promise<string> {
  const setting = "--oidc-client-secret-file (MUSTER_OIDC_CLIENT_SECRET_FILE)";
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new MusterError("SERVER_CONFIG_INVALID", { setting, path, problem: cause.message }, { cause });
  });
  if (text.trim() === "")
    throw new MusterError("SERVER_CONFIG_INVALID", { setting, path, problem: "is empty" });
  return text.trim();
}
