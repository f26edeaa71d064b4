import { canonicalJson, MusterError } from "@muster/core";
import type { DocumentOf } from "@muster/protocol/http";
import { changesOf } from "../changes.ts";
import { ifAny, type PlanContext, type Planned, UNCHANGED } from "../planned.ts";

/** An operation is accepted once under its name, and never changed. Throws `OPERATION_EXISTS`. */
export async function planOperation(
  { client }: PlanContext,
  document: DocumentOf<"MachineOperation">,
): Promise<Planned> {
  const { metadata, spec } = document;
  const known = await ifAny(client.operations.get(metadata.name));
  if (known) {
    if (canonicalJson(known.spec) === canonicalJson(spec)) return UNCHANGED;
    throw new MusterError("OPERATION_EXISTS", { name: metadata.name, machineRef: known.spec.machineRef });
  }
  return {
    action: "create",
    changes: changesOf({}, spec),
    apply: async () => {
      const { status } = await client.operations.create(document);
      return status.rolloutId === null ? {} : { id: status.rolloutId };
    },
  };
}
