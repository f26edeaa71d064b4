import type { People } from "@muster/fleet";
import {
  createUserSchema,
  grantSchema,
  pageQuerySchema,
  resetPasswordSchema,
  userKeySchema,
  userPageSchema,
  userSchema,
  userWithPasswordSchema,
} from "@muster/protocol/http";
import { callerOf } from "../actor.ts";
import type { App } from "../app.ts";
import { requireAllowed } from "../authorize.ts";
import { answers } from "../route-schemas.ts";

const TAGS = ["Users"];
const PASSWORD_ONCE = "The user, and the password if one was made; it is shown only now.";

interface UserRoutesPorts {
  readonly people: Pick<People, "users">;
}

export function userRoutes(app: App, { people }: UserRoutesPorts): void {
  const { users } = people;
  app.route({
    method: "GET",
    url: "/api/v1/users",
    config: { access: "users.read", resource: "somewhere" },
    schema: {
      operationId: "listUsers",
      summary: "List users by name",
      tags: TAGS,
      querystring: pageQuerySchema,
      response: answers(userPageSchema, "A page of users."),
    },
    handler: ({ query }) => users.list(query),
  });
  app.route({
    method: "POST",
    url: "/api/v1/users",
    config: { access: "users.manage", audit: "by_use_case" },
    schema: {
      operationId: "createUser",
      summary: "Make a user",
      tags: TAGS,
      body: createUserSchema,
      response: answers(userWithPasswordSchema, PASSWORD_ONCE),
    },
    handler: (request) => users.create(request.body, callerOf(request)),
  });
  app.route({
    method: "GET",
    url: "/api/v1/users/:user",
    config: { access: "users.read", resource: "somewhere" },
    schema: {
      operationId: "getUser",
      summary: "Read a user",
      tags: TAGS,
      params: userKeySchema,
      response: answers(userSchema, "The user."),
    },
    handler: ({ params }) => users.read(params.user),
  });
  standingRoutes(app, { people });
  grantRoutes(app, { people });
}

function standingRoutes(app: App, { people: { users } }: UserRoutesPorts): void {
  app.route({
    method: "POST",
    url: "/api/v1/users/:user/reset-password",
    config: { access: "users.manage", audit: "by_use_case" },
    schema: {
      operationId: "resetPassword",
      summary: "Give a user a new password; their sessions end",
      tags: TAGS,
      params: userKeySchema,
      body: resetPasswordSchema,
      response: answers(userWithPasswordSchema, PASSWORD_ONCE),
    },
    handler: (request) => users.resetPassword(request.params.user, request.body, callerOf(request)),
  });
  for (const verb of ["disable", "enable"] as const) {
    app.route({
      method: "POST",
      url: `/api/v1/users/:user/${verb}`,
      config: { access: "users.manage", audit: "by_use_case" },
      schema: {
        operationId: `${verb}User`,
        summary:
          verb === "disable" ? "Shut a user out, with their sessions and tokens" : "Let a user in again",
        tags: TAGS,
        params: userKeySchema,
        response: answers(userSchema, "The user as they then stand."),
      },
      handler: (request) => users[verb](request.params.user, callerOf(request)),
    });
  }
}

/** Who administers a group gives and takes roles in it; what they know of other groups does not matter. */
function grantRoutes(app: App, { people: { users } }: UserRoutesPorts): void {
  app.route({
    method: "POST",
    url: "/api/v1/users/:user/grant",
    config: { access: "users.manage", resource: "somewhere", audit: "by_use_case" },
    schema: {
      operationId: "grantRole",
      summary: "Give a user a role, in the whole fleet or in one group",
      tags: TAGS,
      params: userKeySchema,
      body: grantSchema,
      response: answers(userSchema, "The user as they then stand."),
    },
    handler: (request) => {
      const caller = callerOf(request);
      requireAllowed(caller.actor, "users.manage", placeOfGrant(request.body.groupId));
      return users.grant(request.params.user, request.body, caller);
    },
  });
  app.route({
    method: "POST",
    url: "/api/v1/users/:user/revoke",
    config: { access: "users.manage", resource: "somewhere", audit: "by_use_case" },
    schema: {
      operationId: "revokeRole",
      summary: "Take a user's role away, in the whole fleet or in one group",
      tags: TAGS,
      params: userKeySchema,
      body: grantSchema.pick({ groupId: true }),
      response: answers(userSchema, "The user as they then stand."),
    },
    handler: (request) => {
      const caller = callerOf(request);
      requireAllowed(caller.actor, "users.manage", placeOfGrant(request.body.groupId));
      return users.revoke(request.params.user, request.body.groupId, caller);
    },
  });
}

function placeOfGrant(groupId: string | null) {
  return groupId === null ? "fleet" : { inGroups: [groupId] };
}
