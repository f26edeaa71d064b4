import type { ExpressionBuilder, SelectQueryBuilder } from "kysely";
import type { Tables } from "../store/schema.ts";
import type { AuditFilter } from "./ports.ts";

/** Narrows a query of the log to what a filter lets through. */
export function narrowAudit<Row>(
  query: SelectQueryBuilder<Tables, "audit_log", Row>,
  { actor, action, resource, since, until }: AuditFilter,
): SelectQueryBuilder<Tables, "audit_log", Row> {
  return query
    .$if(actor !== undefined, (some) => some.where("actor_name", "=", actor ?? ""))
    .$if(action !== undefined, (some) => some.where((eb) => isAction(eb, action ?? "")))
    .$if(resource !== undefined, (some) => some.where((eb) => isResource(eb, resource ?? "")))
    .$if(since !== undefined, (some) => some.where("at", ">=", since ?? 0))
    .$if(until !== undefined, (some) => some.where("at", "<", until ?? 0));
}

type Builder = ExpressionBuilder<Tables, "audit_log">;

function isAction(eb: Builder, action: string) {
  if (!action.endsWith("*")) return eb("action", "=", action);
  const beginning = action.slice(0, -1);
  // A range instead of `like`: no wildcard can be smuggled in. Not by the index, whose order would have to be sorted again.
  const text = eb.fn.coalesce("action", eb.val(""));
  return eb.and([eb(text, ">=", beginning), eb(text, "<", `${beginning}\u{10ffff}`)]);
}

function isResource(eb: Builder, resource: string) {
  const slash = resource.indexOf("/");
  if (slash === -1) return eb("resource_kind", "=", resource);
  return eb.and([
    eb("resource_kind", "=", resource.slice(0, slash)),
    eb("resource_id", "=", resource.slice(slash + 1)),
  ]);
}
