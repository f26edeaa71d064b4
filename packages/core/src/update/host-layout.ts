import type { Version } from "../release/version.ts";

/**
 * Where everything of one product stands below the host's state folder. Who writes is part of the contract:
 * root (the updater) owns all but `staging`, `run` and `identity`, which belong to the agent; root never follows
 * a link in those three and never writes there.
 */
export interface HostLayout {
  readonly root: string;
  /** Root's. `versions/<v>/` is the unpacked tree of a version. */
  readonly versions: string;
  /** Root's. `manifests/<v>.json` and `.json.sig`: the signed manifest of each kept version. */
  readonly manifests: string;
  /** Root's. Link to `versions/<v>`: what runs. */
  readonly current: string;
  /** Root's. Link to `versions/<v>`: what a rollback returns to. */
  readonly lastGood: string;
  /** Root's. The journal's two generations. */
  readonly journalA: string;
  readonly journalB: string;
  /** Root's. Present while an updater works; holds its pid, boot id and start time. */
  readonly lock: string;
  /** Root's, private. Emptied after any ending. */
  readonly temporary: string;
  /** Root's. `backups/<v>/`: the configuration as it was before the switch away from `<v>`. */
  readonly backups: string;
  /** Root's, readable. `outcomes/<targetId>.json`: outcomes; pruned once acknowledged. */
  readonly outcomes: string;
  /** Root's. `log/payload.log`: what the payload printed, kept small, under the supervisor. */
  readonly payloadLog: string;
  /** The operator's: `agent.json`, `policy.json` and whatever the product keeps there. */
  readonly config: string;
  readonly agentConfig: string;
  readonly policy: string;
  /** The agent's: its key, certificate and the gateway's CA. */
  readonly identity: string;
  /** The agent's. `handoff.json`, `handoff.manifest.json`, `handoff.manifest.json.sig` and `archive.tar.gz`. */
  readonly staging: string;
  readonly handoff: string;
  readonly stagedManifest: string;
  readonly stagedSignature: string;
  readonly stagedArchive: string;
  /** The agent's. `health.json` and `acknowledged.json` (outcomes the gateway has taken). */
  readonly run: string;
  readonly health: string;
  readonly acknowledged: string;
}

/** The layout below `root`, with `/` as the separator. */
export function hostLayout(root: string): HostLayout {
  const at = (name: string) => `${root}/${name}`;
  return {
    root,
    versions: at("versions"),
    manifests: at("manifests"),
    current: at("current"),
    lastGood: at("last-good"),
    journalA: at("journal.a"),
    journalB: at("journal.b"),
    lock: at("updater.lock"),
    temporary: at("tmp"),
    backups: at("backups"),
    outcomes: at("outcomes"),
    payloadLog: at("log/payload.log"),
    config: at("config"),
    agentConfig: at("config/agent.json"),
    policy: at("config/policy.json"),
    identity: at("identity"),
    staging: at("staging"),
    handoff: at("staging/handoff.json"),
    stagedManifest: at("staging/handoff.manifest.json"),
    stagedSignature: at("staging/handoff.manifest.json.sig"),
    stagedArchive: at("staging/archive.tar.gz"),
    run: at("run"),
    health: at("run/health.json"),
    acknowledged: at("run/acknowledged.json"),
  };
}

export function versionFolder(layout: HostLayout, version: Version): string {
  return `${layout.versions}/${version}`;
}
