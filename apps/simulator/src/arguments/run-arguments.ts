import {
  isVersion,
  nameDecoder,
  parse,
  platformOfNode,
  TARGET_STAGES,
  type Platform,
  type Version,
} from "@muster/core";
import type { Nature } from "../agent/nature.ts";
import type { Mix, Profile } from "../agent/profile.ts";
import { parseGatewayAddress } from "../wire/gateway-address.ts";
import { readFlags, type Flags } from "./flags.ts";
import { parseAmount, parseCount, parseDuration, parseLabel, parsePlatform, usage } from "./values.ts";

export const RUN_FLAGS = {
  server: { value: "HOST:PORT", help: "the gateway, as agents reach it" },
  token: { value: "TOKEN", help: "registration token with enough uses, of `muster token create`" },
  "trust-anchor": { value: "FILE", help: "keys that releases are signed with" },
  agents: { value: "N", help: "how many agents (100)" },
  product: { value: "NAME", help: "what they run (acme-agent)" },
  version: { value: "VERSION", help: "the version they run at first (1.0.0)" },
  platform: { value: "OS/ARCH", help: "what they run on (this machine's)" },
  label: { value: "KEY=VALUE", multiple: true, help: "a label of theirs, besides simulated=yes" },
  seed: { value: "N", help: "the same seed gives the same agents the same faults (1)" },
  fail: { value: "AMOUNT", help: "agents on which the new version fails its preflight; 2% or 24" },
  "roll-back": { value: "AMOUNT", help: "agents on which the new version crashes and the old one returns" },
  silent: { value: "AMOUNT", help: "agents that never come back" },
  "silent-at": { value: "STAGE", help: `stage in which they go: ${TARGET_STAGES.join(", ")} (restarting)` },
  offline: { value: "AMOUNT", help: "agents that go once all are connected, and return" },
  "offline-for": { value: "TIME", help: "when they return (60s)" },
  slow: { value: "AMOUNT", help: "agents that take longer" },
  "slow-by": { value: "TIME", help: "how much longer in each stage (5s)" },
  "faults-in": { value: "VERSION", help: "faults show only in updates to this version" },
  stage: { value: "TIME", help: "how long verifying and staging take (50ms)" },
  restart: { value: "TIME", help: "how long a process is down (500ms)" },
  processes: { value: "N", help: "processes to spread the agents over (1)" },
  for: { value: "TIME", help: "end after this time (until Ctrl-C)" },
  json: { help: "a line of JSON a second instead of text" },
} as const satisfies Flags;

/** What `run` is asked for; plain data, so that it can be sent to other processes. */
export interface RunOptions {
  readonly gateway: string;
  readonly token: string;
  readonly trustAnchorFile: string;
  readonly agents: number;
  readonly product: string;
  readonly version: Version;
  readonly platform: Platform;
  readonly labels: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly mix: Mix;
  readonly nature: Omit<Nature, "profile">;
  readonly processes: number;
  /** Null: until it is interrupted. */
  readonly forMs: number | null;
  readonly json: boolean;
}

const AGENTS_MAX = 50_000;

/** Reads the arguments of `run`; `USAGE_INVALID`. */
export function parseRunArguments(args: readonly string[]): RunOptions {
  const given = readFlags(RUN_FLAGS, args);
  const text = (name: keyof typeof RUN_FLAGS) => given[name].at(-1);
  const needed = (name: keyof typeof RUN_FLAGS) => {
    const value = text(name);
    if (value === undefined) throw usage("it is needed", { flag: `--${name}` });
    return value;
  };
  const [faultsIn] = given["faults-in"];
  const [forText] = given.for;
  const [platform] = given.platform;
  return {
    gateway: parseGatewayAddress(needed("server")).text,
    token: needed("token"),
    trustAnchorFile: needed("trust-anchor"),
    agents: parseCount(text("agents") ?? "100", 1, AGENTS_MAX),
    product: parse.decode(nameDecoder, text("product") ?? "acme-agent", "USAGE_INVALID"),
    version: versionOf(text("version") ?? "1.0.0"),
    platform:
      platform === undefined ? platformOfNode(process.platform, process.arch) : parsePlatform(platform),
    labels: { simulated: "yes", ...Object.fromEntries(given.label.map((label) => parseLabel(label))) },
    seed: parseCount(text("seed") ?? "1", 0, 999_999_999),
    mix: mixOf(text),
    nature: {
      faultsIn: faultsIn === undefined ? null : versionOf(faultsIn),
      hesitateMs: 0,
      stageMs: parseDuration(text("stage") ?? "50ms"),
      restartMs: parseDuration(text("restart") ?? "500ms"),
    },
    processes: parseCount(text("processes") ?? "1", 1, 16),
    forMs: forText === undefined ? null : parseDuration(forText),
    json: given.json.length > 0,
  };
}

function mixOf(text: (name: keyof typeof RUN_FLAGS) => string | undefined): Mix {
  const at = parse.decode(parse.oneOf(TARGET_STAGES), text("silent-at") ?? "restarting", "USAGE_INVALID");
  const forMs = parseDuration(text("offline-for") ?? "60s");
  const byMs = parseDuration(text("slow-by") ?? "5s");
  const faults: readonly (readonly [keyof typeof RUN_FLAGS, Profile])[] = [
    ["fail", { kind: "fails_preflight" }],
    ["roll-back", { kind: "rolls_back" }],
    ["silent", { kind: "silent", at }],
    ["offline", { kind: "offline", forMs }],
    ["slow", { kind: "slow", byMs }],
  ];
  return faults.flatMap(([flag, profile]) => {
    const amount = text(flag);
    return amount === undefined ? [] : [{ profile, amount: parseAmount(amount) }];
  });
}

function versionOf(text: string): Version {
  if (!isVersion(text)) throw usage("write a version like 1.2.3, without a v", { value: text });
  return text;
}
