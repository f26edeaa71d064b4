import { MusterError } from "@muster/core";
import type { Client, SecretRef } from "@muster/protocol/http";
import type { FieldChange } from "./changes.ts";

/** What documents are held against. */
export interface PlanContext {
  readonly client: Client;
  /** Throws `DOCUMENT_INVALID` if it is not there. */
  readonly readSecret: (ref: SecretRef) => Promise<string>;
  readonly now: number;
}

/** What applying a document would do. */
export interface Planned {
  readonly action: "create" | "change" | "unchanged";
  readonly changes: readonly FieldChange[];
  /** Does it; never called for what is unchanged. */
  readonly apply: () => Promise<Applied>;
}

/** What is only known afterwards. */
export interface Applied {
  readonly id?: string;
  /** Shown now and never again. */
  readonly secret?: string;
}

export const UNCHANGED: Planned = { action: "unchanged", changes: [], apply: async () => ({}) };

/** A plan that changes something, unless there is nothing to change. */
export function changing(changes: readonly FieldChange[], apply: Planned["apply"]): Planned {
  return changes.length === 0 ? UNCHANGED : { action: "change", changes, apply };
}

/** What is asked for, or null if the server does not have it. */
export async function ifAny<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    const codes = ["RESOURCE_NOT_FOUND", "GROUP_NOT_FOUND"];
    if (error instanceof MusterError && codes.includes(error.code)) return null;
    throw error;
  }
}

/** Every item of a list. */
export async function readAll<T>(
  readPage: (query: {
    readonly limit: number;
    readonly cursor: string | undefined;
  }) => Promise<{ readonly items: readonly T[]; readonly nextCursor: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await readPage({ limit: 500, cursor });
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}

/** The error for a field that stays as it was made. */
export function fixed(field: string, value: string): MusterError {
  const problem = `is ${JSON.stringify(value)} on the server and stays so; remove it there, or take another name`;
  return new MusterError("DOCUMENT_INVALID", { field, problem });
}
