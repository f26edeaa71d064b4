/** How long an answer asks to wait, in milliseconds (RFC 9110 §10.2.3, in seconds); null if it does not say. */
export function retryAfterOf(headers: Readonly<Record<string, string>>): number | null {
  const text = headers["retry-after"] ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : null;
}
