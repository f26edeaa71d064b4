import type { AppliedDocument } from "@muster/protocol/http";
import { planFreeze } from "./kinds/freeze.ts";
import { planGroup } from "./kinds/group.ts";
import { planOperation } from "./kinds/operation.ts";
import { planRollout } from "./kinds/rollout.ts";
import { planSource } from "./kinds/source.ts";
import { planWebhook } from "./kinds/webhook.ts";
import type { PlanContext, Planned } from "./planned.ts";

/** What applying a document would do. Reads, and changes nothing. */
export function planDocument(context: PlanContext, document: AppliedDocument): Promise<Planned> {
  switch (document.kind) {
    case "Source":
      return planSource(context, document);
    case "Group":
      return planGroup(context, document);
    case "Freeze":
      return planFreeze(context, document);
    case "Webhook":
      return planWebhook(context, document);
    case "Rollout":
      return planRollout(context, document);
    case "MachineOperation":
      return planOperation(context, document);
  }
}
