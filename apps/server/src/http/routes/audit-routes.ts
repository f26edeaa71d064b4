import type { AuditHead, AuditLog } from "@muster/fleet";
import {
  auditExportQuerySchema,
  auditHeadSchema,
  auditListQuerySchema,
  auditPageSchema,
  auditVerificationSchema,
  auditVerifyQuerySchema,
} from "@muster/protocol/http";
import type { App } from "../app.ts";
import { toCsv, toNdjson } from "../audit-export.ts";
import { auditOf } from "../auditing.ts";
import { answers, answersText } from "../route-schemas.ts";
import { NDJSON, openSink } from "../stream-sink.ts";

const TAGS = ["Audit"];

export function auditRoutes(app: App, { auditLog }: { readonly auditLog: AuditLog }): void {
  app.route({
    method: "GET",
    url: "/api/v1/audit",
    config: { access: "audit.read" },
    schema: {
      operationId: "listAudit",
      summary: "List who did what, newest first",
      tags: TAGS,
      querystring: auditListQuerySchema,
      response: answers(auditPageSchema, "A page of the audit log."),
    },
    handler: ({ query }) => auditLog.list(query),
  });
  app.route({
    method: "GET",
    url: "/api/v1/audit/head",
    config: { access: "audit.read" },
    schema: {
      operationId: "getAuditHead",
      summary: "The end of the chain: kept elsewhere, it later proves that nothing before it was changed",
      tags: TAGS,
      response: answers(auditHeadSchema, "The newest record's sequence and hash."),
    },
    handler: () => auditLog.head(),
  });
  app.route({
    method: "GET",
    url: "/api/v1/audit/verify",
    config: { access: "audit.read" },
    schema: {
      operationId: "verifyAudit",
      summary: "Recompute the chain of the audit log",
      tags: TAGS,
      querystring: auditVerifyQuerySchema,
      response: answers(auditVerificationSchema, "Whether it is intact, or its first record that is not."),
    },
    handler: ({ query }) => auditLog.verify(headOf(query.expect)),
  });
  exportRoute(app, auditLog);
}

function exportRoute(app: App, auditLog: AuditLog): void {
  app.route({
    method: "GET",
    url: "/api/v1/audit/export",
    exposeHeadRoute: false,
    config: { access: "audit.read" },
    schema: {
      operationId: "exportAudit",
      summary: "Export the audit log, oldest first",
      tags: TAGS,
      querystring: auditExportQuerySchema,
      response: answersText(
        "application/x-ndjson",
        "A record in each line; with `format=csv` as `text/csv`.",
      ),
    },
    handler: async (request, reply) => {
      const { format, ...filter } = request.query;
      const details = Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, value]));
      await auditOf(request).record({
        action: "audit.export",
        resource: null,
        details: { ...details, format },
      });
      const records = auditLog.stream(filter);
      const type = format === "csv" ? "text/csv; charset=utf-8" : NDJSON;
      reply.header("content-disposition", `attachment; filename="muster-audit.${format}"`);
      reply.hijack();
      const sink = openSink(reply.raw, reply.getHeaders(), type);
      try {
        const lines = format === "csv" ? toCsv(records) : toNdjson(records);
        for await (const text of lines) {
          if (sink.ended) return;
          await sink.write(text);
        }
        reply.raw.end();
      } catch (error) {
        request.log.error({ err: error }, "an export of the audit log broke off");
        // Not an end that could be taken for the last line.
        reply.raw.destroy();
      }
    },
  });
}

function headOf(expected: string | undefined): AuditHead | null {
  if (expected === undefined) return null;
  const [sequence = "", hash = ""] = expected.split(":");
  return { sequence: Number(sequence), hash };
}
