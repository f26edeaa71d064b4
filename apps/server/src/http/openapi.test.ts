import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses: Record<string, { description: string; content?: Record<string, unknown> }>;
  readonly requestBody?: unknown;
}
type Document = Record<string, unknown> & {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, unknown> };
};

let api: TestApi;
let document: Document;

beforeAll(async () => {
  api = await startTestApi();
  document = (await (await api.call("/api/v1/openapi.json", { token: null })).json()) as Document;
});
afterAll(() => api.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1", async () => {
    expect(document.openapi).toBe("3.1.0");
    const result = await new Validator().validate(structuredClone(document));
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  test("has every route of the API", () => {
    expect(
      operations()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(
      [
        "DELETE /api/v1/session",
        "DELETE /api/v1/api-tokens/{id}",
        "DELETE /api/v1/me/passkeys/{id}",
        "DELETE /api/v1/me/totp",
        "DELETE /api/v1/sessions/{id}",
        "GET /api/v1/api-tokens",
        "GET /api/v1/me",
        "GET /api/v1/session/methods",
        "GET /api/v1/session/oidc/callback",
        "GET /api/v1/session/oidc/start",
        "GET /api/v1/sessions",
        "GET /api/v1/users",
        "GET /api/v1/users/{user}",
        "POST /api/v1/api-tokens",
        "POST /api/v1/me/passkeys",
        "POST /api/v1/me/passkeys/options",
        "POST /api/v1/me/password",
        "POST /api/v1/me/recovery-codes",
        "POST /api/v1/me/totp",
        "POST /api/v1/me/totp/confirm",
        "POST /api/v1/session/passkey",
        "POST /api/v1/session/passkey/options",
        "POST /api/v1/session/password",
        "POST /api/v1/setup",
        "POST /api/v1/users",
        "POST /api/v1/users/{user}/disable",
        "POST /api/v1/users/{user}/enable",
        "POST /api/v1/users/{user}/grant",
        "POST /api/v1/users/{user}/reset-password",
        "POST /api/v1/users/{user}/revoke",
        "DELETE /api/v1/tokens/{id}",
        "GET /api/v1/agents",
        "GET /api/v1/agents/{id}",
        "GET /api/v1/agents/{id}/targets",
        "GET /api/v1/errors/{code}",
        "GET /api/v1/live",
        "DELETE /api/v1/webhooks/{id}",
        "GET /api/v1/webhooks",
        "GET /api/v1/webhooks/{id}",
        "GET /api/v1/webhooks/{id}/deliveries",
        "POST /api/v1/webhooks",
        "POST /api/v1/webhooks/{id}/redeliver",
        "POST /api/v1/webhooks/{id}/test",
        "PUT /api/v1/webhooks/{id}",
        "GET /api/v1/audit",
        "GET /api/v1/audit/export",
        "GET /api/v1/audit/head",
        "GET /api/v1/audit/verify",
        "GET /api/v1/events",
        "GET /api/v1/events/stream",
        "GET /api/v1/openapi.json",
        "GET /api/v1/overview",
        "GET /api/v1/releases",
        "GET /api/v1/releases/{product}/{version}",
        "GET /api/v1/rollouts",
        "GET /api/v1/rollouts/{id}",
        "GET /api/v1/rollouts/{id}/targets",
        "GET /api/v1/session",
        "GET /api/v1/tokens",
        "DELETE /api/v1/sources/{id}",
        "GET /api/v1/sources",
        "GET /api/v1/sources/{id}",
        "GET /api/v1/sources/{id}/releases",
        "POST /api/v1/releases/{product}/{version}/retry",
        "POST /api/v1/sources",
        "POST /api/v1/sources/{id}/import",
        "PUT /api/v1/sources/{id}",
        "DELETE /api/v1/freezes/{id}",
        "DELETE /api/v1/groups/{id}",
        "DELETE /api/v1/groups/{id}/desired/{product}",
        "GET /api/v1/agents/{id}/commands",
        "GET /api/v1/agents/{id}/desired",
        "GET /api/v1/freezes",
        "GET /api/v1/groups",
        "GET /api/v1/groups/{id}",
        "GET /api/v1/groups/{id}/status",
        "POST /api/v1/agents/labels",
        "POST /api/v1/freezes",
        "POST /api/v1/groups",
        "POST /api/v1/groups/preview",
        "POST /api/v1/groups/{id}/desired/{product}/clear",
        "POST /api/v1/groups/{id}/members",
        "PUT /api/v1/agents/{id}/labels",
        "PUT /api/v1/groups/{id}",
        "PUT /api/v1/groups/{id}/desired/{product}",
        "GET /api/v1/agents/{id}/updates/available",
        "GET /api/v1/operations",
        "GET /api/v1/operations/{name}",
        "POST /api/v1/agents/{id}/update",
        "POST /api/v1/operations",
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        "POST /api/v1/agents/{id}/commands",
        "POST /api/v1/agents/{id}/forgive",
        "POST /api/v1/agents/{id}/revoke",
        "POST /api/v1/releases",
        "POST /api/v1/releases/{product}/{version}/yank",
        "POST /api/v1/rollouts",
        "POST /api/v1/rollouts/preview",
        "POST /api/v1/rollouts/{id}/approve",
        "POST /api/v1/rollouts/{id}/cancel",
        "POST /api/v1/rollouts/{id}/pause",
        "POST /api/v1/rollouts/{id}/resume",
        "POST /api/v1/rollouts/{id}/retry",
        "POST /api/v1/rollouts/{id}/roll_back",
        "POST /api/v1/session",
        "POST /api/v1/tokens",
        "PUT /api/v1/releases/{product}/{version}/artifacts/{os}/{arch}",
      ].toSorted(),
    );
  });

  test("names each operation once, says what it does, and how it fails", () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations()) {
      expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
      for (const status of ["4XX", "5XX"]) {
        expect(operation.responses[status]?.content).toEqual({
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        });
      }
    }
  });

  test("describes the body of an upload as bytes", () => {
    const upload = document.paths["/api/v1/releases/{product}/{version}/artifacts/{os}/{arch}"]?.["put"];
    expect(upload?.requestBody).toMatchObject({ content: { "application/octet-stream": {} } });
  });

  test("holds no schema that nothing refers to", () => {
    const text = JSON.stringify(document);
    for (const name of Object.keys(document.components.schemas)) {
      expect(text).toContain(`"#/components/schemas/${name}"`);
    }
  });
});
