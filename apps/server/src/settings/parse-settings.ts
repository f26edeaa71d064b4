import { isIP } from "node:net";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MusterError } from "@muster/core";
import { parseAllowList } from "@muster/fleet";
import { parseOidc, parseProxies } from "./parse-oidc.ts";
import { SETTINGS, type ServerSettings, type SettingName } from "./settings.ts";

/** What a command line asks for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "serve"; readonly settings: ServerSettings };

const DNS_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const TRUTH: Readonly<Record<string, boolean>> = {
  "1": true,
  true: true,
  "0": false,
  false: false,
  "": false,
};
/** Of this repository; an installed server is told with --web. */
const BUILT_PAGES = fileURLToPath(new URL("../../../web/dist", import.meta.url));

/** Reads flags and environment. Throws `USAGE_INVALID` for a flag that is none, `SERVER_CONFIG_INVALID` for a wrong value. */
export function parseSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Command {
  const values = readFlags(args);
  if (values["help"] === true) return { kind: "help" };
  const texts = (name: SettingName): readonly string[] => {
    const { flag, env: variable } = SETTINGS[name];
    const given = values[flag];
    if (Array.isArray(given)) return given.map(String);
    if (typeof given === "string") return [given];
    const text = env[variable];
    if (text === undefined || text === "") return [];
    return "multiple" in SETTINGS[name] ? text.split(",").map((part) => part.trim()) : [text];
  };
  const text = (name: SettingName) => texts(name).at(-1);
  const truth = (name: SettingName) => values[SETTINGS[name].flag] === true || truthOf(name, text(name));

  const dataFolder = resolve(text("data") ?? "muster-data");
  parseAllowList(texts("mirrorAllow"));
  parseAllowList(texts("webhookAllow"), "webhook-allow");
  return {
    kind: "serve",
    settings: {
      dataFolder,
      http: {
        host: addressOf("host", text("host") ?? "127.0.0.1"),
        port: portOf("httpPort", text("httpPort"), 8080),
      },
      gateway: {
        host: addressOf("gatewayHost", text("gatewayHost") ?? "0.0.0.0"),
        port: portOf("gatewayPort", text("gatewayPort"), 8443),
        downloadRate: rateOf("downloadRate", text("downloadRate")),
      },
      gatewayNames: gatewayNames(texts("gatewayName")),
      publicUrl: publicUrlOf(text("publicUrl")),
      trustAnchorFile: resolve(text("trustAnchor") ?? resolve(dataFolder, "trust-anchor.json")),
      mirrorAllow: texts("mirrorAllow"),
      webhookAllow: texts("webhookAllow"),
      auditKeepDays: daysOf("auditKeepDays", text("auditKeepDays") ?? "400", 0),
      eventKeepDays: daysOf("eventKeepDays", text("eventKeepDays") ?? "30", 1),
      webFolder: resolve(text("web") ?? BUILT_PAGES),
      oidc: parseOidc(texts),
      trustedProxies: parseProxies(texts),
      newAdminToken: truth("newAdminToken"),
      quiet: truth("quiet"),
    },
  };
}

function readFlags(args: readonly string[]): Readonly<Record<string, unknown>> {
  const options = Object.values(SETTINGS).map((setting) => {
    const type = "value" in setting ? ("string" as const) : ("boolean" as const);
    return [setting.flag, { type, multiple: "multiple" in setting }] as const;
  });
  try {
    const help = { type: "boolean", short: "h" } as const;
    return parseArgs({ args: [...args], options: { ...Object.fromEntries(options), help }, strict: true })
      .values;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("USAGE_INVALID", { problem }, { cause });
  }
}

const RATE_UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
/** Slower, and a download among hundreds would wait for its turn until its connection counts as idle. */
const RATE_MIN = 1e6;

/** `10MB/s`, in bytes a second. */
function rateOf(name: SettingName, text: string | undefined): number | null {
  if (text === undefined) return null;
  const [, number, unit = "B"] = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB)\/s$/.exec(text) ?? [];
  const rate = Number(number) * (RATE_UNITS[unit] ?? 1);
  if (!(rate >= RATE_MIN)) throw invalid(name, text, "must be a rate like 10MB/s, from 1MB/s on");
  return rate;
}

function portOf(name: SettingName, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw invalid(name, text, "must be a port from 0 to 65535");
  return port;
}

function daysOf(name: SettingName, text: string, least: number): number {
  const days = Number(text);
  if (!/^\d{1,5}$/.test(text) || days < least) throw invalid(name, text, `must be days, ${least} or more`);
  return days;
}

function addressOf(name: SettingName, text: string): string {
  if (isIP(text) === 0 && !DNS_NAME.test(text))
    throw invalid(name, text, "must be an address such as 127.0.0.1");
  return text;
}

function truthOf(name: SettingName, text: string | undefined): boolean {
  const truth = TRUTH[(text ?? "").toLowerCase()];
  if (truth === undefined) throw invalid(name, text ?? "", "must be 1 or 0");
  return truth;
}

/** What is asked for, and how agents on this machine and its network find it anyway. */
function gatewayNames(asked: readonly string[]): readonly string[] {
  const wrong = asked.find((name) => isIP(name) === 0 && !DNS_NAME.test(name));
  if (wrong !== undefined) throw invalid("gatewayName", wrong, "must be a DNS name or an IP address");
  const own = [hostname(), "localhost", "127.0.0.1", "::1"].filter(
    (name) => isIP(name) !== 0 || DNS_NAME.test(name),
  );
  return [...new Set([...asked, ...own].map((name) => name.toLowerCase()))];
}

function publicUrlOf(text: string | undefined): URL | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain =
    url !== null && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  if (!plain || !["http:", "https:"].includes(url.protocol)) {
    throw invalid("publicUrl", text, "must be an address such as https://muster.example.com");
  }
  return url;
}

function invalid(name: SettingName, value: string, problem: string): MusterError {
  const { flag, env } = SETTINGS[name];
  return new MusterError("SERVER_CONFIG_INVALID", {
    setting: `--${flag} (${env})`,
    value: value.slice(0, 128),
    problem,
  });
}
