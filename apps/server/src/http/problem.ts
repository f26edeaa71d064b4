import { ERROR_REGISTRY, MusterError } from "@muster/core";
import type { Problem } from "@muster/protocol/http";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";
const FIELDS_MAX = 10;

/** Any failure as problem details (RFC 9457). What is no `MusterError` says nothing of itself to the outside. */
export function problemOf(error: MusterError, instance?: string): Problem {
  const { meaning, help, httpStatus, retryable } = ERROR_REGISTRY[error.code];
  return {
    type: `/api/v1/errors/${error.code}`,
    title: meaning,
    status: httpStatus,
    detail: error.message,
    code: error.code,
    help,
    retryable,
    ...(instance !== undefined && { instance }),
    details: { ...error.details },
  };
}

/** What a failure of a request is, whoever threw it. */
export function requestError(error: unknown): MusterError {
  if (error instanceof MusterError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return validationError(error);
  const { code, statusCode, message } = frameworkError(error);
  if (statusCode === 413) return new MusterError("REQUEST_TOO_LARGE", {}, { cause: error });
  const known = code === undefined ? undefined : FRAMEWORK_PROBLEMS[code];
  if (known) return new MusterError("REQUEST_INVALID", known, { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new MusterError("REQUEST_INVALID", { problem: message }, { cause: error });
  }
  return new MusterError("INTERNAL_UNEXPECTED", {}, { cause: error });
}

const FRAMEWORK_PROBLEMS: Readonly<Record<string, Record<string, string>>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { field: "content-type", problem: "is not what this address takes" },
  FST_ERR_CTP_EMPTY_JSON_BODY: { field: "(body)", problem: "is empty" },
  FST_ERR_CTP_INVALID_JSON_BODY: { field: "(body)", problem: "is not JSON" },
  FST_ERR_BAD_URL: { field: "(address)", problem: "cannot be read" },
};

interface Validation {
  readonly validation: readonly {
    readonly keyword: string;
    readonly instancePath: string;
    readonly message?: string | undefined;
    readonly params: Readonly<Record<string, unknown>>;
  }[];
}

function validationError(error: Validation): MusterError {
  const fields = error.validation.map(({ keyword, instancePath, message, params }) => {
    const path = instancePath.slice(1).replaceAll("/", ".");
    const unknown =
      keyword === "unrecognized_keys" && Array.isArray(params["keys"]) ? String(params["keys"][0]) : "";
    const field = [path, unknown].filter((part) => part !== "").join(".");
    return { field: field === "" ? "(body)" : field, problem: message ?? "is not valid" };
  });
  const [first = { field: "(body)", problem: "is not valid" }] = fields;
  const others = fields.slice(0, FIELDS_MAX).map(({ field, problem }) => `${field}: ${problem}`);
  return new MusterError(
    "REQUEST_INVALID",
    { ...first, ...(fields.length > 1 && { fields: others }) },
    { cause: error },
  );
}

function frameworkError(error: unknown) {
  const { code, statusCode, message } = (error ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === "string" ? code : undefined,
    statusCode: typeof statusCode === "number" ? statusCode : undefined,
    message: typeof message === "string" ? message : "cannot be read",
  };
}
