import { describe, expect, test } from "vitest";
import { parseSettings } from "./parse-settings.ts";

function settingsOf(line: string) {
  const command = parseSettings(line.split(" "), {});
  if (command.kind !== "serve") throw new Error("expected to serve");
  return command.settings;
}

const NEEDED =
  "--oidc-issuer https://id.example/realm --oidc-client-id muster --oidc-client-secret-file /etc/secret";

describe("an identity provider", () => {
  test("is set up by what is needed, and the rest has defaults", () => {
    const { oidc } = settingsOf(NEEDED);
    expect(oidc).toEqual({
      issuer: new URL("https://id.example/realm"),
      clientId: "muster",
      clientSecretFile: "/etc/secret",
      name: "id.example",
      scopes: ["profile", "email"],
      groupsClaim: "groups",
      roles: [],
    });
    expect(settingsOf("--quiet").oidc).toBeNull();
  });

  test("maps its groups to roles, in the fleet or in one of our groups", () => {
    const more =
      "--oidc-role admins=administrator --oidc-role a=b=viewer --oidc-role site-a=operator@grp_01a";
    expect(
      settingsOf(`${NEEDED} ${more} --oidc-scope groups --oidc-groups-claim roles --oidc-name Acme`).oidc,
    ).toMatchObject({
      name: "Acme",
      scopes: ["groups"],
      groupsClaim: "roles",
      roles: [
        { group: "admins", grant: { role: "administrator", groupId: null } },
        { group: "a=b", grant: { role: "viewer", groupId: null } },
        { group: "site-a", grant: { role: "operator", groupId: "grp_01a" } },
      ],
    });
  });

  test("may be asked without TLS on this machine only", () => {
    expect(settingsOf(NEEDED.replace("https://id.example", "http://127.0.0.1:9000")).oidc?.issuer.port).toBe(
      "9000",
    );
  });

  test.each([
    ["--oidc-issuer https://id.example", /--oidc-client-id/],
    ["--oidc-issuer https://id.example --oidc-client-id x", /--oidc-client-secret-file/],
    [NEEDED.replace("https:", "http:"), /--oidc-issuer/],
    [NEEDED.replace("https://", "https://user@"), /--oidc-issuer/],
    [`${NEEDED} --oidc-role admins`, /--oidc-role/],
    [`${NEEDED} --oidc-role admins=root`, /--oidc-role/],
    [`${NEEDED} --oidc-role =viewer`, /--oidc-role/],
    [`${NEEDED} --oidc-role a=viewer@`, /--oidc-role/],
  ])("is refused half-way or wrong: %s", (line, message) => {
    expect(() => settingsOf(line)).toThrow(message);
  });
});

describe("proxies", () => {
  test("are addresses and networks", () => {
    const line = "--trusted-proxy 127.0.0.1 --trusted-proxy 10.0.0.0/8 --trusted-proxy fd00::/8";
    expect(settingsOf(line).trustedProxies).toEqual(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
  });

  test.each(["*", "proxy.example", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/", "true"])(
    "are not %s",
    (proxy) => {
      expect(() => settingsOf(`--trusted-proxy ${proxy}`)).toThrow(/--trusted-proxy/);
    },
  );
});
