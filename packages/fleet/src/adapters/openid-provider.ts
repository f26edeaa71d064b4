import { MusterError } from "@muster/core";
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type Configuration,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import type { IdentityProvider, ProviderIdentity } from "../people/oidc.ts";

export interface OpenIdSettings {
  /** https, or http on this machine. */
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Our own address that the provider sends browsers back to. */
  readonly redirectUri: URL;
  readonly scope: string;
  /** Claim of the ID token that lists a person's groups. */
  readonly groupsClaim: string;
}

const TIMEOUT_S = 10;

/** Any provider of OpenID Connect, by the code flow with PKCE, state and nonce (OAuth 2.1). What it is, it says itself. */
export function createOpenIdProvider(settings: OpenIdSettings): IdentityProvider {
  let found: Promise<Configuration> | null = null;
  const configuration = () => {
    found ??= discover(settings).catch((cause: unknown) => {
      // It may be there at the next sign-in.
      found = null;
      throw new MusterError("OIDC_UNAVAILABLE", { issuer: settings.issuer.href }, { cause });
    });
    return found;
  };
  return {
    begin: async () => {
      const config = await configuration();
      const checks = { state: randomState(), nonce: randomNonce(), codeVerifier: randomPKCECodeVerifier() };
      const url = buildAuthorizationUrl(config, {
        redirect_uri: settings.redirectUri.href,
        scope: settings.scope,
        state: checks.state,
        nonce: checks.nonce,
        code_challenge: await calculatePKCECodeChallenge(checks.codeVerifier),
        code_challenge_method: "S256",
      });
      return { url, checks };
    },
    finish: async (query, { state, nonce, codeVerifier }) => {
      const config = await configuration();
      const back = new URL(settings.redirectUri);
      back.search = query.toString();
      try {
        const tokens = await authorizationCodeGrant(config, back, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        });
        return identityOf(tokens.claims() ?? {}, settings);
      } catch (cause) {
        if (cause instanceof MusterError) throw cause;
        throw new MusterError("OIDC_REFUSED", { problem: problemOf(cause) }, { cause });
      }
    },
  };
}

function discover({ issuer, clientId, clientSecret }: OpenIdSettings): Promise<Configuration> {
  const isPlain = issuer.protocol === "http:";
  return discovery(issuer, clientId, clientSecret, undefined, {
    timeout: TIMEOUT_S,
    ...(isPlain && { execute: [allowInsecureRequests] }),
  });
}

function identityOf(
  claims: Readonly<Record<string, unknown>>,
  { groupsClaim }: OpenIdSettings,
): ProviderIdentity {
  const textOf = (claim: string) => {
    const value = claims[claim];
    return typeof value === "string" && value !== "" ? value : null;
  };
  const issuer = textOf("iss");
  const subject = textOf("sub");
  if (issuer === null || subject === null) throw new MusterError("OIDC_REFUSED", { problem: "names nobody" });
  const groups = claims[groupsClaim];
  const email = textOf("email");
  return {
    issuer,
    subject,
    name: textOf("preferred_username") ?? email ?? subject,
    email,
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [],
  };
}

/** What the library found wrong; where it is a claim of the ID token, also which. */
function problemOf(error: unknown): string {
  const problem = error instanceof Error ? error.message.slice(0, 200) : "cannot be read";
  for (let cause = error; typeof cause === "object" && cause !== null; ) {
    if ("claim" in cause && typeof cause.claim === "string") return `${problem}: ${cause.claim}`;
    cause = "cause" in cause ? cause.cause : null;
  }
  return problem;
}
