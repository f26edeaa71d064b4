/** What of some content is asked for. */
export type RequestedRange =
  | { readonly kind: "whole" }
  | { readonly kind: "from"; readonly fromByte: number }
  | { readonly kind: "unsatisfiable" };

/**
 * Reads a `Range` header (RFC 9110 §14.2). Only `bytes=<n>-` is served in part; any other well-meant form gets the
 * whole, as the RFC allows. A start at or after the end cannot be satisfied.
 */
export function parseRange(header: string | undefined, sizeBytes: number): RequestedRange {
  const [, start] = /^bytes=(\d{1,15})-$/.exec(header ?? "") ?? [];
  if (start === undefined) return { kind: "whole" };
  const fromByte = Number(start);
  return fromByte < sizeBytes ? { kind: "from", fromByte } : { kind: "unsatisfiable" };
}
