import { asMusterError, MusterError } from "@muster/core";
import type { FieldChange } from "./changes.ts";
import { planDocument } from "./plan-document.ts";
import type { Applied, PlanContext, Planned } from "./planned.ts";
import type { FoundDocument } from "./read-documents.ts";

/** What became, or would become, of one document. */
export interface DocumentResult extends Applied {
  readonly file: string;
  readonly document: number;
  readonly kind: string;
  readonly name: string;
  readonly action: Planned["action"];
  readonly changes: readonly FieldChange[];
}

/**
 * Holds every document against the server before it changes anything, then applies them one after the other; each is told
 * once it is done. With `dryRun` nothing is changed. Throws what was refused, with file and document; those before it stay
 * applied.
 */
export async function applyDocuments(
  context: PlanContext,
  found: readonly FoundDocument[],
  { dryRun, tell }: { readonly dryRun: boolean; readonly tell: (result: DocumentResult) => void },
): Promise<void> {
  const plans: { readonly one: FoundDocument; readonly planned: Planned }[] = [];
  for (const one of found) {
    plans.push({ one, planned: await naming(one, () => planDocument(context, one.content)) });
  }
  for (const { one, planned } of plans) {
    const { action, changes } = planned;
    const { kind, metadata } = one.content;
    const applied = dryRun || action === "unchanged" ? {} : await naming(one, planned.apply);
    tell({ file: one.file, document: one.document, kind, name: metadata.name, action, changes, ...applied });
  }
}

async function naming<T>({ file, document, content }: FoundDocument, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, details } = asMusterError(error);
    const name = `${content.kind}/${content.metadata.name}`;
    throw new MusterError(code, { ...details, file, document, of: name }, { cause: error });
  }
}
