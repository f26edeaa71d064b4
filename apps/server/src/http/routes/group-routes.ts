import type { DesiredStates, Groups } from "@muster/fleet";
import {
  changeMembersSchema,
  createGroupSchema,
  desiredKeySchema,
  desiredSchema,
  groupKeySchema,
  groupListQuerySchema,
  groupPageSchema,
  groupSchema,
  groupStatusSchema,
  previewRuleSchema,
  putDesiredSchema,
  rulePreviewSchema,
  updateGroupSchema,
} from "@muster/protocol/http";
import type { FastifyRequest } from "fastify";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { readableGroups } from "../resources.ts";
import { answers, answersNothing } from "../route-schemas.ts";

/** A request may name 100,000 agents. */
const REQUEST_MAX_BYTES = 8 * 1_048_576;
const TAGS = ["Groups"];
const GROUP = "/api/v1/groups/:id";
const DESIRED = "/api/v1/groups/:id/desired/:product";

interface GroupRoutesPorts {
  readonly groups: Groups;
  readonly desired: DesiredStates;
}

export function groupRoutes(app: App, ports: GroupRoutesPorts): void {
  readingRoutes(app, ports);
  changingRoutes(app, ports);
  desiredRoutes(app, ports);
}

/** The group that the address names; one that is not there is nobody's. */
function groupResource(groups: Pick<Groups, "idOf">) {
  return async ({ params }: FastifyRequest) => {
    const { id } = params as { readonly id: string };
    return { inGroups: [groups.idOf(id) ?? id] };
  };
}

function readingRoutes(app: App, { groups, desired }: GroupRoutesPorts): void {
  const resource = groupResource(groups);
  app.route({
    method: "GET",
    url: "/api/v1/groups",
    config: { access: "fleet.read", resource: "somewhere" },
    schema: {
      operationId: "listGroups",
      summary: "List groups, by priority",
      tags: TAGS,
      querystring: groupListQuerySchema,
      response: answers(groupPageSchema, "A page of groups."),
    },
    handler: ({ query, actor }) => groups.list({ ...query, within: readableGroups(actor) }),
  });
  app.route({
    method: "GET",
    url: GROUP,
    config: { access: "fleet.read", resource },
    schema: {
      operationId: "getGroup",
      summary: "Read a group; its members are the agents that match `group:<name>`",
      tags: TAGS,
      params: groupKeySchema,
      response: answers(groupSchema, "The group."),
    },
    handler: ({ params }) => groups.read(params.id),
  });
  app.route({
    method: "GET",
    url: `${GROUP}/status`,
    config: { access: "fleet.read", resource },
    schema: {
      operationId: "getGroupStatus",
      summary: "What a group's agents are to run, how many do, and why the others do not",
      tags: TAGS,
      params: groupKeySchema,
      response: answers(groupStatusSchema, "The group and its desired states."),
    },
    handler: ({ params }) => desired.status(params.id),
  });
  app.route({
    method: "POST",
    url: "/api/v1/groups/preview",
    config: { access: "fleet.read", audit: false },
    schema: {
      operationId: "previewGroupRule",
      summary: "Show who would join and leave a group with this rule; changes nothing",
      tags: TAGS,
      body: previewRuleSchema,
      response: answers(rulePreviewSchema, "Who would join, and who leave."),
    },
    handler: ({ body }) => groups.preview(body),
  });
}

function changingRoutes(app: App, { groups }: GroupRoutesPorts): void {
  // Who is in a group decides what people with a role in it may do: a role in the group is not enough for that.
  app.route({
    method: "POST",
    url: "/api/v1/groups",
    config: { access: "groups.manage", audit: "group.create" },
    schema: {
      operationId: "createGroup",
      summary: "Make a group, by a rule or with named members",
      tags: TAGS,
      body: createGroupSchema,
      response: answers(groupSchema, "The new group."),
    },
    handler: async (request) => {
      const group = await groups.create(request.body, actorOf(request.actor));
      const { id, name, rule } = group;
      await auditOf(request).record({
        action: "group.create",
        resource: { kind: "group", id },
        details: { name, rule: rule ?? null },
      });
      return group;
    },
  });
  app.route({
    method: "PUT",
    url: GROUP,
    config: { access: "groups.manage", audit: "group.update" },
    schema: {
      operationId: "updateGroup",
      summary: "Change a group; what is left out stays as it is",
      tags: TAGS,
      params: groupKeySchema,
      body: updateGroupSchema,
      response: answers(groupSchema, "The group as it is now."),
    },
    handler: ({ params, body, actor }) => groups.update(params.id, body, actorOf(actor)),
  });
  app.route({
    method: "DELETE",
    url: GROUP,
    config: { access: "groups.manage", audit: "group.remove" },
    schema: {
      operationId: "removeGroup",
      summary: "Remove a group; its agents keep what they run",
      tags: TAGS,
      params: groupKeySchema,
      response: answersNothing("It is gone."),
    },
    handler: async ({ params, actor }, reply) => {
      await groups.remove(params.id, actorOf(actor));
      return reply.code(204).send();
    },
  });
  app.route({
    method: "POST",
    url: `${GROUP}/members`,
    config: { access: "groups.manage", audit: "group.change_members" },
    bodyLimit: REQUEST_MAX_BYTES,
    schema: {
      operationId: "changeGroupMembers",
      summary: "Add and remove named members of a group without a rule",
      tags: TAGS,
      params: groupKeySchema,
      body: changeMembersSchema,
      response: answers(groupSchema, "The group as it is now."),
    },
    handler: ({ params, body, actor }) => groups.changeMembers(params.id, body, actorOf(actor)),
  });
}

function desiredRoutes(app: App, { groups, desired }: GroupRoutesPorts): void {
  const resource = groupResource(groups);
  app.route({
    method: "PUT",
    url: DESIRED,
    config: { access: "rollouts.manage", resource, audit: "group.set_desired" },
    schema: {
      operationId: "putDesiredState",
      summary: "Let a group follow a channel of a product, or pin it to a version",
      tags: TAGS,
      params: desiredKeySchema,
      body: putDesiredSchema,
      response: answers(desiredSchema, "The desired state, and how far it is from it."),
    },
    handler: ({ params: { id, product }, body, actor }) =>
      desired.put({ group: id, product }, body, actorOf(actor)),
  });
  app.route({
    method: "DELETE",
    url: DESIRED,
    config: { access: "rollouts.manage", resource, audit: "group.remove_desired" },
    schema: {
      operationId: "removeDesiredState",
      summary: "Let a group's agents run what they run; rollouts under way go on",
      tags: TAGS,
      params: desiredKeySchema,
      response: answersNothing("Nothing is desired any more."),
    },
    handler: async ({ params: { id, product }, actor }, reply) => {
      await desired.remove({ group: id, product }, actorOf(actor));
      return reply.code(204).send();
    },
  });
  app.route({
    method: "POST",
    url: `${DESIRED}/clear`,
    config: { access: "rollouts.manage", resource, audit: "group.clear_desired" },
    schema: {
      operationId: "clearDesiredState",
      summary:
        "Go on after a rollout of the group failed, was canceled or returned: what went wrong so far no longer counts",
      tags: TAGS,
      params: desiredKeySchema,
      response: answers(desiredSchema, "The desired state as it is now."),
    },
    handler: ({ params: { id, product }, actor }) => desired.clear({ group: id, product }, actorOf(actor)),
  });
}
