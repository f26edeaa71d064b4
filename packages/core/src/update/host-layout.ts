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
  /** Root's. A folder that is there while an updater works; its one entry is named for the holder's process. */
  readonly lock: string;
  /** Root's. The same, held for the moment of a decision and of carrying it out. */
  readonly journalLock: string;
  /** Root's. The same, held by the supervisor for as long as it runs. */
  readonly supervisorLock: string;
  /** Root's. `payload.json`: the process that the supervisor started last. */
  readonly payloadProcess: string;
  /** Root's, private. Emptied after any ending. */
  readonly temporary: string;
  /** Root's, private. `backups/<v>/`: the configuration as it was before the switch away from `<v>`. */
  readonly backups: string;
  /** Root's, readable. `outcomes/<targetId>.json`: outcomes; pruned once acknowledged. */
  readonly outcomes: string;
  /** Root's. `log/payload.log`, before it `payload.log.1`: what the payload printed, kept small, by the supervisor. */
  readonly payloadLog: string;
  /** Root's, private. Damaged journals and refused handoffs, the last of each, for people to look at. */
  readonly setAside: string;
  /** The operator's: `agent.json`, `policy.json` and whatever the product keeps there. */
  readonly config: string;
  readonly agentConfig: string;
  readonly policy: string;
  /** The agent's: its key, certificate and `ca.pem`, the agents' CA. */
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
    journalLock: at("journal.lock"),
    supervisorLock: at("supervisor.lock"),
    payloadProcess: at("payload.json"),
    temporary: at("tmp"),
    backups: at("backups"),
    outcomes: at("outcomes"),
    payloadLog: at("log/payload.log"),
    setAside: at("set-aside"),
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

/** Where the signed manifest of a kept version stands; its signatures are beside it, with `.sig` added. */
export function manifestFile(layout: HostLayout, version: Version): string {
  return `${layout.manifests}/${version}.json`;
}

export function outcomeFile(layout: HostLayout, targetId: string): string {
  return `${layout.outcomes}/${targetId}.json`;
}
