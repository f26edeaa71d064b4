import type { RunOptions } from "../arguments/run-arguments.ts";
import type { Census } from "../fleet/census.ts";
import type { Slice } from "./own-part.ts";

/** What a run asks of the process of a part. Each is answered, in order. */
export type PartRequest =
  | { readonly kind: "prepare"; readonly options: RunOptions; readonly slice: Slice }
  | { readonly kind: "enrol" }
  | { readonly kind: "connect" }
  | { readonly kind: "census" };

export type PartAnswer =
  | { readonly kind: "done" }
  | { readonly kind: "census"; readonly census: Census }
  | { readonly kind: "failed"; readonly code: string; readonly problem: string };
