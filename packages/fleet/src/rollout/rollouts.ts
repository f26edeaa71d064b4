import { isRolloutEnded, MusterError, requireVerb } from "@muster/core";
import type { RolloutRequest } from "@muster/protocol/http";
import { filterContext, type GroupBook } from "../groups/group-book.ts";
import type { Clock } from "../ports.ts";
import type { Database } from "../store/database.ts";
import type { Controller } from "./controller/controller.ts";
import { moveRollout, type RolloutDraft } from "./controller/draft.ts";
import { deedsOfCreation, deedOfVerb } from "./controller/draft-deeds.ts";
import { readRollout } from "./controller/load.ts";
import { newRollout } from "./create-rollout.ts";
import type { Roster } from "../agents/roster.ts";
import type { HostPasts } from "./host-pasts.ts";
import type { Rollouts } from "./ports.ts";
import { findNamed } from "./named-rollout.ts";
import { type PreviewPorts, previewRollout, toPreviewView } from "./preview.ts";
import { readRolloutView, readRolloutViews } from "./read-rollouts.ts";
import { readTargets, readTargetsById } from "./read-targets.ts";
import type { Hearing } from "./target-groups.ts";
import { applyVerb } from "./verbs.ts";

export interface RolloutPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly controller: Controller;
  readonly book: GroupBook;
  readonly pasts: HostPasts;
  readonly roster: Roster;
}

/** The rollouts' use cases, over the embedded database and its controller. */
export function createRollouts({
  db,
  clock,
  newId,
  controller,
  book,
  pasts,
  roster,
}: RolloutPorts): Rollouts {
  const openRollouts = () => controller.openRollouts();
  const hearing = (): Hearing => ({ now: clock.now(), listeningSince: controller.listeningSince() });
  const read = (id: string) => readRolloutView(db, id, hearing());
  const previewing: PreviewPorts = {
    db,
    pasts,
    diskFree: (agentId) => roster.get(agentId)?.diskFreeBytes ?? null,
    openRollouts,
    filterContext: () => filterContext(book, hearing()),
    groupId: (group) => book.find(group)?.row.id,
  };

  const act: Rollouts["act"] = async (id, verb, { name }, trail) => {
    const { listeningSince } = hearing();
    const edit = (draft: RolloutDraft) => applyVerb(draft, verb, { newId, listeningSince, by: name });
    const record = async (trx: Database) => trail?.recordIn(trx, deedOfVerb(id, verb));
    // What has ended can still be taken back.
    const changed =
      verb === "roll_back"
        ? await controller.reopen(id, edit, record)
        : await controller.change(id, edit, record);
    const view = await read(id);
    // One that is not open any more takes no verb, and says why.
    if (!changed) requireVerb(await requireRollout(db, id), view.counts, verb);
    return view;
  };

  return {
    preview: async (request) => toPreviewView(await previewRollout(previewing, unnamed(request))),
    // In turn, so that two rollouts cannot take the same agents, or the same name.
    create: ({ name, ...request }, actor, trail) =>
      controller.inTurn(async () => {
        const known = name === undefined ? null : await findNamed(previewing, name, request);
        if (known !== null) return read(known);
        const planned = await previewRollout(previewing, request);
        const created = newRollout(planned, { newId, now: clock.now(), createdBy: actor.name });
        const { id } = created.rollout;
        await controller.add(created, async (trx) => {
          if (name !== undefined)
            await trx.insertInto("rollout_names").values({ name, rollout_id: id }).execute();
          await trail?.recordIn(trx, ...deedsOfCreation(created));
        });
        return read(id);
      }),
    act,
    list: (query) => readRolloutViews(db, query, hearing()),
    read,
    targets: async (id, query) => {
      await requireRollout(db, id);
      return readTargets(db, id, { query, hearing: hearing() });
    },
    targetsById: (id, ids) => readTargetsById(db, id, { ids, hearing: hearing() }),
  };
}

/** What a rollout is, whatever it is called. */
function unnamed({ name: _name, ...request }: RolloutRequest): RolloutRequest {
  return request;
}

/** Pauses the running rollouts of a release that was yanked. Idempotent. */
export async function pauseRolloutsOf(
  controller: Controller,
  { product, version }: { readonly product: string; readonly version: string },
): Promise<void> {
  for (const { rollout } of controller.openRollouts()) {
    if (rollout.spec.product !== product || rollout.spec.version !== version) continue;
    await controller.change(rollout.id, (draft) => {
      const { state } = draft.before.rollout;
      if (isRolloutEnded(state) || state.kind === "rolling_back") return;
      const isHeld = state.kind === "paused";
      if (isHeld && state.cause === "release_yanked") return;
      // A rollout that is paused for another reason could still be resumed.
      if (isHeld) moveRollout(draft, { kind: "resume" });
      moveRollout(draft, { kind: "pause", cause: "release_yanked" });
    });
  }
}

async function requireRollout(db: Database, id: string) {
  const rollout = await readRollout(db, id);
  if (!rollout) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "rollout", id });
  return rollout;
}
