import type { GroupMapping } from "@muster/fleet";

/** What a server is started with; made by `parseSettings`, or by hand in tests. */
export interface ServerSettings {
  /** Absolute. Everything the server keeps is in it. */
  readonly dataFolder: string;
  /** Where the API and the pages listen. 0: any free port. */
  readonly http: Endpoint;
  /** Where agents connect. 0: any free port. */
  /** `downloadRate`: bytes a second for all downloads together; null: no limit. */
  readonly gateway: Endpoint & { readonly downloadRate?: number | null };
  /** Names and addresses by which agents reach the gateway; they stand in its certificate. */
  readonly gatewayNames: readonly string[];
  /** Address by which people reach the pages, when a proxy stands before them; null: as they are asked for. */
  readonly publicUrl: URL | null;
  /** File with the keys that releases must be signed with. */
  readonly trustAnchorFile: string;
  /** Hosts that artifacts may be fetched from, see `parseAllowList`. */
  readonly mirrorAllow: readonly string[];
  /** Hosts that webhooks may be sent to though they are private or speak http, see `parseAllowList`. */
  readonly webhookAllow: readonly string[];
  /** How long the audit log is kept, in days; 0: for ever. */
  readonly auditKeepDays: number;
  /** The same of events, at least a day. */
  readonly eventKeepDays: number;
  /** Folder of the built pages. */
  readonly webFolder: string;
  /** The identity provider that people can sign in with; null: none. */
  readonly oidc: OidcSettings | null;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Makes a new administrator token; the one before and its sessions end. */
  readonly newAdminToken: boolean;
  /** Only warnings and errors in the log. */
  readonly quiet: boolean;
}

export interface OidcSettings {
  /** https, or http on this machine. */
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecretFile: string;
  /** For the button. */
  readonly name: string;
  /** Asked for beside `openid`. */
  readonly scopes: readonly string[];
  readonly groupsClaim: string;
  readonly roles: readonly GroupMapping[];
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface Setting {
  readonly flag: string;
  readonly env: string;
  /** Shown in the help; none: the flag takes no value. */
  readonly value?: string;
  readonly multiple?: true;
  readonly help: string;
}

/** Every setting. A flag wins over its environment variable. */
export const SETTINGS = {
  data: {
    flag: "data",
    env: "MUSTER_DATA",
    value: "DIR",
    help: "folder of everything the server keeps; made if it is not there (./muster-data)",
  },
  host: {
    flag: "host",
    env: "MUSTER_HOST",
    value: "ADDRESS",
    help: "where the API and the pages listen (127.0.0.1)",
  },
  httpPort: {
    flag: "http-port",
    env: "MUSTER_HTTP_PORT",
    value: "PORT",
    help: "their port; 0 takes any free one (8080)",
  },
  gatewayHost: {
    flag: "gateway-host",
    env: "MUSTER_GATEWAY_HOST",
    value: "ADDRESS",
    help: "where agents connect (0.0.0.0)",
  },
  gatewayPort: {
    flag: "gateway-port",
    env: "MUSTER_GATEWAY_PORT",
    value: "PORT",
    help: "its port; 0 takes any free one (8443)",
  },
  downloadRate: {
    flag: "download-rate",
    env: "MUSTER_DOWNLOAD_RATE",
    value: "RATE",
    help: "most bytes a second that all agents' downloads have together, e.g. 10MB/s (no limit)",
  },
  gatewayName: {
    flag: "gateway-name",
    env: "MUSTER_GATEWAY_NAME",
    value: "NAME",
    multiple: true,
    help: "DNS name or IP address by which agents reach the gateway, besides this machine's own",
  },
  publicUrl: {
    flag: "public-url",
    env: "MUSTER_PUBLIC_URL",
    value: "URL",
    help: "address of the pages when a proxy with TLS stands before them",
  },
  trustAnchor: {
    flag: "trust-anchor",
    env: "MUSTER_TRUST_ANCHOR",
    value: "FILE",
    help: "keys that releases must be signed with (trust-anchor.json in the data folder)",
  },
  mirrorAllow: {
    flag: "mirror-allow",
    env: "MUSTER_MIRROR_ALLOW",
    value: "HOST",
    multiple: true,
    help: "host that artifacts may be fetched from: releases.example.com, *.example.com, host:8443, or * for any public one; without it only uploads are taken",
  },
  webhookAllow: {
    flag: "webhook-allow",
    env: "MUSTER_WEBHOOK_ALLOW",
    value: "HOST",
    multiple: true,
    help: "host that webhooks may be sent to though its address is private or it speaks http: siem.internal:8088; public hosts with https need none",
  },
  auditKeepDays: {
    flag: "audit-keep-days",
    env: "MUSTER_AUDIT_KEEP_DAYS",
    value: "DAYS",
    help: "how long the audit log is kept; 0 is for ever (400)",
  },
  eventKeepDays: {
    flag: "event-keep-days",
    env: "MUSTER_EVENT_KEEP_DAYS",
    value: "DAYS",
    help: "how long events are kept, at most a million of them (30)",
  },
  web: {
    flag: "web",
    env: "MUSTER_WEB",
    value: "DIR",
    help: "folder of the built pages (apps/web/dist)",
  },
  oidcIssuer: {
    flag: "oidc-issuer",
    env: "MUSTER_OIDC_ISSUER",
    value: "URL",
    help: "identity provider that people can sign in with (OpenID Connect); needs --public-url",
  },
  oidcClientId: {
    flag: "oidc-client-id",
    env: "MUSTER_OIDC_CLIENT_ID",
    value: "ID",
    help: "as the identity provider knows Muster; its redirect address is <public-url>/api/v1/session/oidc/callback",
  },
  oidcClientSecretFile: {
    flag: "oidc-client-secret-file",
    env: "MUSTER_OIDC_CLIENT_SECRET_FILE",
    value: "FILE",
    help: "file with the client's secret",
  },
  oidcName: {
    flag: "oidc-name",
    env: "MUSTER_OIDC_NAME",
    value: "NAME",
    help: "what the sign-in page calls the identity provider (its host)",
  },
  oidcScope: {
    flag: "oidc-scope",
    env: "MUSTER_OIDC_SCOPE",
    value: "SCOPE",
    multiple: true,
    help: "scope to ask for besides openid (profile, email)",
  },
  oidcGroupsClaim: {
    flag: "oidc-groups-claim",
    env: "MUSTER_OIDC_GROUPS_CLAIM",
    value: "CLAIM",
    help: "claim of the ID token that lists a person's groups (groups)",
  },
  oidcRole: {
    flag: "oidc-role",
    env: "MUSTER_OIDC_ROLE",
    value: "GROUP=ROLE",
    multiple: true,
    help: "role of whoever is in a group of the identity provider: admins=administrator, or site-a=operator@grp_ID for one of Muster's groups",
  },
  trustedProxy: {
    flag: "trusted-proxy",
    env: "MUSTER_TRUSTED_PROXY",
    value: "ADDRESS",
    multiple: true,
    help: "address or network of a proxy whose X-Forwarded-For says where a request comes from",
  },
  newAdminToken: {
    flag: "new-admin-token",
    env: "MUSTER_NEW_ADMIN_TOKEN",
    help: "make and print a new administrator token; the old one ends",
  },
  quiet: { flag: "quiet", env: "MUSTER_QUIET", help: "log only warnings and errors" },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

const HELP_INDENT = 28;
const HELP_WIDTH = 100;

/** The text of `--help`. */
export function settingsHelp(): string {
  const rows = Object.values<Setting>(SETTINGS).map(({ flag, env, value, multiple, help }) => {
    const usage = `  --${flag}${value === undefined ? "" : ` ${value}`}`;
    const variable = multiple ? `${env}, separated by commas; the flag can be repeated` : env;
    const lines = [...wrap(help, HELP_WIDTH - HELP_INDENT), variable];
    return lines.map((line, index) => (index === 0 ? usage : "").padEnd(HELP_INDENT) + line).join("\n");
  });
  return `The control plane: API, pages, rollout controller and gateway.\n\nUsage: muster server [options]\n       muster server backup|restore --help\n\n${rows.join("\n")}\n`;
}

/** The text in lines of at most `width` characters, where its words allow. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
