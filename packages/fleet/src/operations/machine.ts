import { MusterError } from "@muster/core";
import type { CreateOperation } from "@muster/protocol/http";
import type { Database } from "../store/database.ts";

/** The machine that an operation is for. */
export interface Machine {
  readonly id: string;
  readonly product: string;
  readonly version: string | null;
  readonly os: string;
  readonly arch: string;
}

/** Ids that an error names. */
const NAMED_MAX = 20;
const COLUMNS = ["id", "product", "version", "os", "arch"] as const;

/**
 * The agent that a reference names: by its id, or else by a hostname that only one has. Those that the caller may not
 * update are not there for it. Throws `AGENT_NOT_FOUND`, `OPERATION_MACHINE_AMBIGUOUS`.
 */
export async function findMachine(
  db: Database,
  ref: string,
  mayUpdate: (agentId: string) => boolean,
): Promise<Machine> {
  const byId = await db.selectFrom("agents").select(COLUMNS).where("id", "=", ref).executeTakeFirst();
  // A host chooses its name, and must not take the place of another's id.
  const found = byId
    ? [byId]
    : await db
        .selectFrom("agents")
        .select(COLUMNS)
        .where("hostname", "=", ref)
        .where("revoked_at", "is", null)
        .orderBy("id")
        .execute();
  const [machine, ...others] = found.filter(({ id }) => mayUpdate(id));
  if (!machine) throw new MusterError("AGENT_NOT_FOUND", { machineRef: ref });
  if (others.length > 0) {
    const agentIds = [machine, ...others].slice(0, NAMED_MAX).map(({ id }) => id);
    throw new MusterError("OPERATION_MACHINE_AMBIGUOUS", { machineRef: ref, agentIds });
  }
  return machine;
}

/**
 * The version that an operation's parameters mean for a machine. An address counts only if a manifest that was verified
 * lists it. Throws `OPERATION_URL_UNKNOWN`, `OPERATION_URL_UNFIT`.
 */
export async function wantedVersion(
  db: Database,
  machine: Machine,
  { version, downloadURL }: CreateOperation["spec"]["parameters"],
): Promise<string> {
  if (version !== undefined) return version;
  const url = downloadURL ?? "";
  const artifacts = await db
    .selectFrom("artifacts")
    .select(["product", "version", "os", "arch"])
    .where("url", "=", url)
    .execute();
  if (artifacts.length === 0) throw new MusterError("OPERATION_URL_UNKNOWN", { downloadURL: url });
  const { product, os, arch } = machine;
  const fitting = artifacts.filter((one) => one.product === product && one.os === os && one.arch === arch);
  const [artifact, ...others] = fitting;
  if (!artifact) {
    const offered = artifacts
      .slice(0, NAMED_MAX)
      .map((one) => `${one.product} ${one.version} ${one.os}/${one.arch}`);
    throw new MusterError("OPERATION_URL_UNFIT", { machine: `${product} ${os}/${arch}`, offered });
  }
  if (others.length > 0) {
    const versions = fitting.slice(0, NAMED_MAX).map((one) => one.version);
    throw new MusterError("OPERATION_URL_UNFIT", { problem: "several versions have it", versions });
  }
  return artifact.version;
}
