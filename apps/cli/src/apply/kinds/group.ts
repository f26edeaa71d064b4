import { parseTrack, specifyDesiredPlan } from "@muster/core";
import type { Client, DesiredView, DocumentOf, GroupView } from "@muster/protocol/http";
import { changesOf, type FieldChange } from "../changes.ts";
import { changing, ifAny, type PlanContext, type Planned, readAll } from "../planned.ts";

type Spec = DocumentOf<"Group">["spec"];

/** Who is in it, and what they are to run. Desired states of products that are not named stay. */
export async function planGroup(
  { client }: PlanContext,
  { metadata: { name }, spec }: DocumentOf<"Group">,
): Promise<Planned> {
  const known = await readGroup(client, name);
  const desired = desiredChanges(known?.desired ?? [], spec);
  // Naming members takes the place of a rule.
  const rule = spec.members === undefined ? spec.rule : null;
  const fields = { description: spec.description, rule, priority: spec.priority };
  const putDesired = async () => {
    for (const { product, ...wanted } of desired.wanted)
      await client.groups.putDesired(name, product, wanted);
  };
  if (!known) {
    const members = spec.members;
    return {
      action: "create",
      changes: [...changesOf({}, { ...fields, rule: rule ?? undefined, members }), ...desired.changes],
      apply: async () => {
        const { id } = await client.groups.create({ name, ...fields });
        if (members !== undefined && members.length > 0)
          await client.groups.changeMembers(name, { add: members });
        await putDesired();
        return { id };
      },
    };
  }
  const own = changesOf(known.group, fields);
  const moved = await movedMembers(client, known.group, spec);
  return changing([...own, ...moved.changes, ...desired.changes], async () => {
    if (own.length > 0) await client.groups.update(name, { ...fields, revision: known.group.revision });
    if (moved.changes.length > 0) await client.groups.changeMembers(name, moved.request);
    await putDesired();
    return {};
  });
}

async function readGroup(client: Client, name: string) {
  const status = await ifAny(client.groups.status(name));
  // Groups answer to their ids, too.
  return status?.group.name === name ? status : null;
}

async function movedMembers(client: Client, { name }: GroupView, { members }: Spec) {
  if (members === undefined) return { changes: [], request: {} };
  const filter = `group:${JSON.stringify(name)}`;
  const before = (await readAll((query) => client.agents.list({ filter, ...query })))
    .map(({ id }) => id)
    .toSorted();
  const after = [...new Set(members)].toSorted();
  const request = {
    add: after.filter((id) => !before.includes(id)),
    remove: before.filter((id) => !after.includes(id)),
  };
  return { changes: changesOf({ members: before }, { members: after }), request };
}

/** With the defaults of every plan, as the server keeps them. Throws `ROLLOUT_PLAN_INVALID`. */
function desiredChanges(before: readonly DesiredView[], { desired = [] }: Spec) {
  const changes: FieldChange[] = [];
  const wanted = desired.filter(({ product, track, plan }) => {
    const known = before.find((one) => one.product === product);
    const after = { track: parseTrack(track), plan: specifyDesiredPlan(plan) };
    // A plan that is made new is shown as it was asked for.
    const found = known
      ? changesOf(known, after, `desired.${product}`)
      : changesOf({}, { track, plan }, `desired.${product}`);
    changes.push(...found);
    return found.length > 0;
  });
  return { changes, wanted };
}
