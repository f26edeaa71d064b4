import { isErrorCode, MusterError, type ErrorCode, type ErrorDetails } from "@muster/core";
import { problemSchema } from "./common.ts";

/** Most of an answer that is read to find out what went wrong, in characters. */
const BODY_MAX = 65_536;

/**
 * The error that an answer stands for. Problem details (RFC 9457) give their own code; a code that this version does
 * not know becomes `INTERNAL_UNEXPECTED` and is kept in the details. Other answers come from something in between, a
 * proxy perhaps, and are told apart by their status.
 */
export async function problemError(response: Response): Promise<MusterError> {
  const text = (await response.text()).slice(0, BODY_MAX);
  const problem = problemSchema.safeParse(parseJson(text));
  if (!problem.success) {
    const code = CODE_OF_STATUS[response.status] ?? "INTERNAL_UNEXPECTED";
    return new MusterError(code, {
      status: response.status,
      problem: "the answer is not one of Muster's API",
    });
  }
  const { code, status, detail, details } = problem.data;
  if (!isErrorCode(code)) return new MusterError("INTERNAL_UNEXPECTED", { code, status, detail });
  return new MusterError(code, plainDetails(details));
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: "AUTH_REQUIRED",
  403: "AUTH_FORBIDDEN",
  404: "ROUTE_NOT_FOUND",
  413: "REQUEST_TOO_LARGE",
  429: "RATE_LIMITED",
  502: "SERVER_UNREACHABLE",
  503: "SERVER_OVERLOADED",
  504: "SERVER_UNREACHABLE",
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Details as `MusterError` has them; what is nested deeper is shown as JSON. */
function plainDetails(details: Readonly<Record<string, unknown>>): ErrorDetails {
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): ErrorDetails[string] {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) {
    return value as string | number | boolean | null;
  }
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  return JSON.stringify(value) ?? "";
}
