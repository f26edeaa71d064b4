import { isIP } from "node:net";
import { resolve } from "node:path";
import { MusterError, ROLES } from "@muster/core";
import type { GroupMapping } from "@muster/fleet";
import { type OidcSettings, SETTINGS, type SettingName } from "./settings.ts";

/** What a setting was given, as text: none, one, or several. */
export type SettingTexts = (name: SettingName) => readonly string[];

/** The identity provider's settings, all or none; throws `SERVER_CONFIG_INVALID`. */
export function parseOidc(texts: SettingTexts): OidcSettings | null {
  const text = (name: SettingName) => texts(name).at(-1);
  const issuer = text("oidcIssuer");
  if (issuer === undefined) return null;
  const needed = (name: SettingName) => {
    const value = text(name);
    if (value === undefined) throw invalid(name, "", "is needed with --oidc-issuer");
    return value;
  };
  const url = issuerOf(issuer);
  const scopes = texts("oidcScope");
  return {
    issuer: url,
    clientId: needed("oidcClientId"),
    clientSecretFile: resolve(needed("oidcClientSecretFile")),
    name: text("oidcName") ?? url.host,
    scopes: scopes.length === 0 ? ["profile", "email"] : scopes,
    groupsClaim: text("oidcGroupsClaim") ?? "groups",
    roles: texts("oidcRole").map(mappingOf),
  };
}

/** Addresses, and networks such as 10.0.0.0/8. */
export function parseProxies(texts: SettingTexts): readonly string[] {
  const proxies = texts("trustedProxy");
  const wrong = proxies.find((proxy) => {
    const [address = "", bits, ...rest] = proxy.split("/");
    const limit = isIP(address) === 4 ? 32 : 128;
    const isBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= limit);
    return isIP(address) === 0 || !isBits || rest.length > 0;
  });
  if (wrong !== undefined)
    throw invalid("trustedProxy", wrong, "must be an IP address or a network such as 10.0.0.0/8");
  return proxies;
}

function issuerOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
  if (url === null || !isSafe || url.username !== "" || url.search !== "" || url.hash !== "") {
    throw invalid("oidcIssuer", text, "must be an address with https");
  }
  return url;
}

function mappingOf(text: string): GroupMapping {
  const [, group, roleText, groupId = null] =
    /^(.+)=([a-z]+)(?:@([A-Za-z0-9][A-Za-z0-9_-]{0,63}))?$/.exec(text) ?? [];
  const role = ROLES.find((known) => known === roleText);
  if (group === undefined || role === undefined) {
    throw invalid(
      "oidcRole",
      text,
      `must be GROUP=ROLE or GROUP=ROLE@grp_ID, with a role of ${ROLES.join(", ")}`,
    );
  }
  return { group, grant: { role, groupId } };
}

function invalid(name: SettingName, value: string, problem: string): MusterError {
  const { flag, env } = SETTINGS[name];
  return new MusterError("SERVER_CONFIG_INVALID", {
    setting: `--${flag} (${env})`,
    value: value.slice(0, 128),
    problem,
  });
}
