import { MusterError } from "@muster/core";
import type { DocumentOf } from "@muster/protocol/http";
import { changesOf } from "../changes.ts";
import { changing, fixed, type PlanContext, type Planned, readAll } from "../planned.ts";

/** A webhook goes by its description. Its address stays: the secret was given to who is there. */
export async function planWebhook(
  { client }: PlanContext,
  { metadata: { name }, spec }: DocumentOf<"Webhook">,
): Promise<Planned> {
  const all = await readAll((query) => client.webhooks.list(query));
  const [known, ...others] = all.filter(({ description }) => description === name);
  if (others.length > 0) {
    const problem = "is the description of several webhooks on the server";
    throw new MusterError("DOCUMENT_INVALID", { field: "metadata.name", problem });
  }
  const { url, filter, enabled } = spec;
  if (!known) {
    return {
      action: "create",
      changes: changesOf({}, spec),
      apply: async () => {
        const { id, secret } = await client.webhooks.create({
          url,
          description: name,
          ...(filter && { filter }),
        });
        if (enabled === false) await client.webhooks.update(id, { enabled });
        return { id, secret };
      },
    };
  }
  // Addresses are kept in their normal form.
  if (new URL(url).href !== new URL(known.url).href) throw fixed("spec.url", known.url);
  return changing(changesOf(known, { filter, enabled }), async () => {
    await client.webhooks.update(known.id, { filter, enabled });
    return {};
  });
}
