import { ERROR_REGISTRY } from "./error-registry.ts";

/** A stable error code, `AREA_SUBJECT_PROBLEM`. Programs branch on this and on nothing else. */
export type ErrorCode = keyof typeof ERROR_REGISTRY;

/** What an error is about, as plain data that may be shown, logged and sent. Never holds a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** The one class of error that Muster throws. Its registry entry holds the meaning, the way out and the wire statuses. */
export class MusterError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: { readonly cause?: unknown } = {}) {
    super(describe(code, details), options);
    this.name = "MusterError";
    this.code = code;
    this.details = details;
  }

  /** What the reader can do about it. */
  get help(): string {
    return ERROR_REGISTRY[this.code].help;
  }

  /** Whether the same request can succeed later with nothing changed. */
  get retryable(): boolean {
    return ERROR_REGISTRY[this.code].retryable;
  }
}

/** Whether `value` is one of the registry's codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_REGISTRY, value);
}

/** Any thrown value as a `MusterError`; one that is none becomes `fallback` with the original as its cause. */
export function asMusterError(error: unknown, fallback: ErrorCode = "INTERNAL_UNEXPECTED"): MusterError {
  if (error instanceof MusterError) return error;
  const problem = error instanceof Error ? error.message : String(error);
  return new MusterError(fallback, { problem }, { cause: error });
}

function describe(code: ErrorCode, details: ErrorDetails): string {
  const facts = Object.entries(details).map(([name, value]) => `${name}: ${show(value)}`);
  const { meaning } = ERROR_REGISTRY[code];
  return facts.length === 0 ? meaning : `${meaning} (${facts.join(", ")})`;
}

function show(value: ErrorDetails[string] | undefined): string {
  const text = Array.isArray(value) ? value.join(", ") : String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
