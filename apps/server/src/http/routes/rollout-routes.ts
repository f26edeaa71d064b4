import type { Groups, Rollouts } from "@muster/fleet";
import {
  previewSchema,
  rolloutKeySchema,
  rolloutListQuerySchema,
  rolloutPageSchema,
  rolloutRequestSchema,
  rolloutSchema,
  type RolloutVerb,
  targetListQuerySchema,
  targetPageSchema,
} from "@muster/protocol/http";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { readableGroups, requireCohort, rolloutResource } from "../resources.ts";
import { answers } from "../route-schemas.ts";

/** A cohort may name 100,000 agents. */
const REQUEST_MAX_BYTES = 8 * 1_048_576;
const TAGS = ["Rollouts"];

const VERBS = {
  pause: "Pause: nothing more is dispatched, what is under way goes on",
  resume: "Resume a paused or halted rollout",
  approve: "Let the next wave open",
  cancel: "Cancel: nothing more is dispatched, what is under way runs to its end",
  retry: "Make new targets for the failed and rolled back ones",
  roll_back: "Return the updated agents to their version before; also after the end",
} as const satisfies Record<RolloutVerb, string>;

interface RolloutRoutesPorts {
  readonly rollouts: Rollouts;
  readonly groups: Pick<Groups, "groupsOf" | "idOf">;
}

export function rolloutRoutes(app: App, { rollouts, groups }: RolloutRoutesPorts): void {
  const resource = rolloutResource(rollouts, groups);
  app.route({
    method: "POST",
    url: "/api/v1/rollouts/preview",
    config: { access: "fleet.read", resource: "somewhere", audit: false },
    bodyLimit: REQUEST_MAX_BYTES,
    schema: {
      operationId: "previewRollout",
      summary: "Show what a rollout would do; changes nothing",
      tags: TAGS,
      body: rolloutRequestSchema,
      response: answers(previewSchema, "Who would be updated, and who not and why."),
    },
    handler: (request) => {
      requireCohort(groups, request, { verb: "fleet.read", cohort: request.body.cohort });
      return rollouts.preview(request.body);
    },
  });
  app.route({
    method: "POST",
    url: "/api/v1/rollouts",
    config: { access: "rollouts.manage", resource: "somewhere", audit: "rollout.create" },
    bodyLimit: REQUEST_MAX_BYTES,
    schema: {
      operationId: "createRollout",
      summary: "Begin a rollout",
      tags: TAGS,
      body: rolloutRequestSchema,
      response: answers(rolloutSchema, "The new rollout."),
    },
    handler: (request) => {
      requireCohort(groups, request, { verb: "rollouts.manage", cohort: request.body.cohort });
      return rollouts.create(request.body, actorOf(request.actor), auditOf(request));
    },
  });
  for (const verb of Object.keys(VERBS) as RolloutVerb[]) {
    app.route({
      method: "POST",
      url: `/api/v1/rollouts/:id/${verb}`,
      config: { access: "rollouts.manage", resource, audit: `rollout.${verb}` },
      schema: {
        operationId: `${verb}Rollout`,
        summary: VERBS[verb],
        tags: TAGS,
        params: rolloutKeySchema,
        response: answers(rolloutSchema, "The rollout as it then stands."),
      },
      handler: (request) => rollouts.act(request.params.id, verb, actorOf(request.actor), auditOf(request)),
    });
  }
  readingRoutes(app, { rollouts, groups });
}

function readingRoutes(app: App, { rollouts, groups }: RolloutRoutesPorts): void {
  const resource = rolloutResource(rollouts, groups);
  app.route({
    method: "GET",
    url: "/api/v1/rollouts",
    config: { access: "fleet.read", resource: "somewhere" },
    schema: {
      operationId: "listRollouts",
      summary: "List rollouts, newest first",
      tags: TAGS,
      querystring: rolloutListQuerySchema,
      response: answers(rolloutPageSchema, "A page of rollouts."),
    },
    handler: ({ query, actor }) => rollouts.list({ ...query, within: readableGroups(actor) }),
  });
  app.route({
    method: "GET",
    url: "/api/v1/rollouts/:id",
    config: { access: "fleet.read", resource },
    schema: {
      operationId: "getRollout",
      summary: "Read a rollout",
      tags: TAGS,
      params: rolloutKeySchema,
      response: answers(rolloutSchema, "The rollout."),
    },
    handler: ({ params }) => rollouts.read(params.id),
  });
  app.route({
    method: "GET",
    url: "/api/v1/rollouts/:id/targets",
    config: { access: "fleet.read", resource },
    schema: {
      operationId: "listRolloutTargets",
      summary: "List a rollout's targets, in the order of dispatch",
      tags: TAGS,
      params: rolloutKeySchema,
      querystring: targetListQuerySchema,
      response: answers(targetPageSchema, "A page of targets."),
    },
    handler: ({ params, query }) => rollouts.targets(params.id, query),
  });
}
