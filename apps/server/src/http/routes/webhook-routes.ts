import type { Webhooks } from "@muster/fleet";
import {
  createdWebhookSchema,
  createWebhookSchema,
  pageQuerySchema,
  redeliveredSchema,
  redeliverSchema,
  updateWebhookSchema,
  webhookDeliveryPageSchema,
  webhookDeliveryQuerySchema,
  webhookDeliverySchema,
  webhookKeySchema,
  webhookPageSchema,
  webhookSchema,
} from "@muster/protocol/http";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { answers, answersNothing } from "../route-schemas.ts";

const TAGS = ["Webhooks"];

export function webhookRoutes(app: App, { webhooks }: { readonly webhooks: Webhooks }): void {
  app.route({
    method: "POST",
    url: "/api/v1/webhooks",
    config: { access: "webhooks.manage", audit: "webhook.create" },
    schema: {
      operationId: "createWebhook",
      summary: "Have events sent to an address, signed by Standard Webhooks",
      tags: TAGS,
      body: createWebhookSchema,
      response: answers(createdWebhookSchema, "The webhook with its secret, which is shown only now."),
    },
    handler: (request) => webhooks.create(request.body, actorOf(request.actor), auditOf(request)),
  });
  app.route({
    method: "GET",
    url: "/api/v1/webhooks",
    config: { access: "webhooks.manage" },
    schema: {
      operationId: "listWebhooks",
      summary: "List webhooks, newest first",
      tags: TAGS,
      querystring: pageQuerySchema,
      response: answers(webhookPageSchema, "A page of webhooks, without their secrets."),
    },
    handler: ({ query }) => webhooks.list(query),
  });
  app.route({
    method: "GET",
    url: "/api/v1/webhooks/:id",
    config: { access: "webhooks.manage" },
    schema: {
      operationId: "getWebhook",
      summary: "Read a webhook",
      tags: TAGS,
      params: webhookKeySchema,
      response: answers(webhookSchema, "The webhook."),
    },
    handler: ({ params }) => webhooks.read(params.id),
  });
  changeRoutes(app, webhooks);
  deliveryRoutes(app, webhooks);
}

function changeRoutes(app: App, webhooks: Webhooks): void {
  app.route({
    method: "PUT",
    url: "/api/v1/webhooks/:id",
    config: { access: "webhooks.manage", audit: "webhook.update" },
    schema: {
      operationId: "updateWebhook",
      summary: "Change a webhook, or switch it off and on",
      tags: TAGS,
      params: webhookKeySchema,
      body: updateWebhookSchema,
      response: answers(webhookSchema, "The webhook as it then stands."),
    },
    handler: (request) => webhooks.update(request.params.id, request.body, auditOf(request)),
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/webhooks/:id",
    config: { access: "webhooks.manage", audit: "webhook.remove" },
    schema: {
      operationId: "removeWebhook",
      summary: "Remove a webhook and all its deliveries",
      tags: TAGS,
      params: webhookKeySchema,
      response: answersNothing("Nothing is sent there any more."),
    },
    handler: async (request, reply) => {
      await webhooks.remove(request.params.id, auditOf(request));
      return reply.code(204).send();
    },
  });
}

function deliveryRoutes(app: App, webhooks: Webhooks): void {
  app.route({
    method: "POST",
    url: "/api/v1/webhooks/:id/test",
    config: { access: "webhooks.manage", audit: "webhook.test" },
    schema: {
      operationId: "testWebhook",
      summary: "Send an event of type `webhook_test`, once",
      tags: TAGS,
      params: webhookKeySchema,
      response: answers(webhookDeliverySchema, "How it went."),
    },
    handler: (request) => webhooks.test(request.params.id, auditOf(request)),
  });
  app.route({
    method: "GET",
    url: "/api/v1/webhooks/:id/deliveries",
    config: { access: "webhooks.manage" },
    schema: {
      operationId: "listWebhookDeliveries",
      summary: "List a webhook's deliveries, newest first; `state=dead` are those that were given up",
      tags: TAGS,
      params: webhookKeySchema,
      querystring: webhookDeliveryQuerySchema,
      response: answers(webhookDeliveryPageSchema, "A page of deliveries."),
    },
    handler: ({ params, query }) => webhooks.deliveries(params.id, query),
  });
  app.route({
    method: "POST",
    url: "/api/v1/webhooks/:id/redeliver",
    config: { access: "webhooks.manage", audit: "webhook.redeliver" },
    schema: {
      operationId: "redeliverWebhook",
      summary: "Begin again with one delivery, or with all that were given up",
      tags: TAGS,
      params: webhookKeySchema,
      body: redeliverSchema,
      response: answers(redeliveredSchema, "How many are sent again."),
    },
    handler: async (request) => {
      const { delivery = null } = request.body;
      return { redelivered: await webhooks.redeliver(request.params.id, delivery, auditOf(request)) };
    },
  });
}
