import type { DocumentOf } from "@muster/protocol/http";
import { changesOf } from "../changes.ts";
import { changing, fixed, ifAny, type PlanContext, type Planned } from "../planned.ts";

/** A token is sent when the source has none: it cannot be read back, so nobody knows whether it is another. */
export async function planSource(
  { client, readSecret }: PlanContext,
  { metadata: { name }, spec }: DocumentOf<"Source">,
): Promise<Planned> {
  const { secretRef, kind, host, ...fields } = spec;
  const known = await ifAny(client.sources.get(name));
  const needsToken = secretRef !== undefined && known?.hasToken !== true;
  const token = needsToken ? await readSecret(secretRef) : undefined;
  const shown = { hasToken: needsToken ? true : undefined };
  if (!known) {
    return {
      action: "create",
      changes: changesOf({}, { kind, host, ...fields, ...shown }),
      apply: async () => {
        const { id } = await client.sources.create({ id: name, kind, host, ...fields, token });
        return { id };
      },
    };
  }
  if (kind !== known.kind) throw fixed("spec.kind", known.kind);
  if (host !== undefined && host !== known.host) throw fixed("spec.host", known.host);
  return changing(changesOf(known, { ...fields, ...shown }), async () => {
    await client.sources.update(name, { ...fields, token });
    return {};
  });
}
