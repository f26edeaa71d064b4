import { asMusterError, MusterError } from "@muster/core";
import { type Oidc, safeNext } from "@muster/fleet";
import { z } from "zod";
import { placeOf } from "../actor.ts";
import type { App } from "../app.ts";
import { answersElsewhere } from "../route-schemas.ts";
import { carry, type Exchange, type SessionRoutesPorts } from "./session-routes.ts";

const TAGS = ["Session"];
const START = "/api/v1/session/oidc/start";
/** Where the identity provider sends browsers back to; it has to be registered there. */
export const OIDC_CALLBACK = "/api/v1/session/oidc/callback";

const startSchema = z.object({
  next: z.string().max(2048).optional().describe("Page to go to then; an address within Muster."),
});
const valueSchema = z.string().max(8192).optional();
/** What a provider sends, and whatever else it likes to. */
const callbackSchema = z.object({
  code: valueSchema,
  state: valueSchema,
  iss: valueSchema,
  error: valueSchema,
  error_description: valueSchema,
  session_state: valueSchema,
});

export function oidcRoutes(app: App, ports: SessionRoutesPorts): void {
  const { people, cookies } = ports;
  app.route({
    method: "GET",
    url: START,
    exposeHeadRoute: false,
    config: { access: "public" },
    schema: {
      operationId: "beginOidcSignIn",
      summary: "Go to the identity provider to sign in",
      tags: TAGS,
      security: [],
      querystring: startSchema,
      response: answersElsewhere("To the identity provider."),
    },
    handler: async (request, reply) => {
      people.signIn.countAddress(request.ip);
      return orSignInPage({ request, reply }, async () => {
        const { url, secret } = await requireOidc(people.oidc).begin(request.query.next ?? "/");
        cookies.oidc.write(reply, secret);
        return url.href;
      });
    },
  });
  app.route({
    method: "GET",
    url: OIDC_CALLBACK,
    exposeHeadRoute: false,
    config: { access: "public" },
    schema: {
      operationId: "finishOidcSignIn",
      summary: "Come back from the identity provider",
      tags: TAGS,
      security: [],
      querystring: callbackSchema,
      response: answersElsewhere("To the page that was asked for."),
    },
    handler: async (request, reply) => {
      const place = placeOf(request);
      people.signIn.countAddress(place.address);
      const secret = cookies.oidc.read(request);
      cookies.oidc.clear(reply);
      return orSignInPage({ request, reply }, async () => {
        const given = Object.entries(request.query).filter(
          (entry): entry is [string, string] => entry[1] !== undefined,
        );
        const query = new URLSearchParams(given);
        try {
          const { user, next } = await requireOidc(people.oidc).finish({ query, secret, place });
          const device = cookies.device.read(request);
          const begun = await people.signIn.begin(user, { method: "oidc", carrier: "cookie", place, device });
          await carry(ports, { request, reply }, begun);
          return safeNext(next);
        } catch (error) {
          await people.signIn.noteRefusal("oidc", place);
          throw error;
        }
      });
    },
  });
}

function requireOidc(oidc: Oidc | null): Oidc {
  if (!oidc) throw new MusterError("SIGN_IN_METHOD_UNAVAILABLE", { method: "oidc" });
  return oidc;
}

/** A person sees a failure on the page that they came from; a program gets it as it is. */
async function orSignInPage({ request, reply }: Exchange, find: () => Promise<string>) {
  try {
    return await reply.redirect(await find(), 303);
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (request.headers.accept?.includes("text/html") !== true) throw thrown;
    request.log.warn({ err: error }, "a sign-in by the identity provider failed");
    return reply.redirect(`/sign-in?problem=${error.code}`, 303);
  }
}
