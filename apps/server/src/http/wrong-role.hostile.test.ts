import type { GrantView } from "@muster/protocol/http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  CHANGES,
  type Change,
  createPeopleScene,
  everywhere,
  inGroup,
  type PeopleScene,
} from "../testing/people-scene.ts";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

// Real sockets, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let api: TestApi;
let scene: PeopleScene;
beforeAll(async () => {
  api = await startTestApi({ publicUrl: new URL("http://muster.example") });
  scene = await createPeopleScene(api);
});
afterAll(() => api.close());

describe("a wrong role", () => {
  const FOR_ADMINISTRATORS: readonly Change[] = [
    ...CHANGES.filter(({ path }) => path.startsWith("/api/v1/users")),
    { method: "GET", path: "/api/v1/users" },
    { method: "GET", path: "/api/v1/users/alice" },
    { method: "GET", path: "/api/v1/sessions?all=true" },
    { method: "GET", path: "/api/v1/sessions?user=alice" },
    { method: "GET", path: "/api/v1/api-tokens?all=true" },
    { method: "GET", path: "/api/v1/api-tokens?user=nobody-of-this-name" },
  ];

  test.each(FOR_ADMINISTRATORS)("is refused at $method $path", async ({ method, path, body }) => {
    for (const name of ["olivia", "victor", "nobody"]) {
      const { status, code } = await scene.json(path, method, body, await scene.bearerOf(name));
      expect([status, code]).toEqual([403, "AUTH_FORBIDDEN"]);
    }
  });

  test("finds others' sessions and tokens not there", async () => {
    const { items } = (await scene.json("/api/v1/sessions", "GET", undefined, await scene.bearerOf("alice")))
      .body as {
      items: { id: string }[];
    };
    const victor = await scene.bearerOf("victor");
    const own = await scene.json(`/api/v1/sessions/${items[0]?.id}`, "DELETE", undefined, victor);
    expect(own.code).toBe("RESOURCE_NOT_FOUND");
    const token = await scene.json("/api/v1/api-tokens/administrator", "DELETE", undefined, victor);
    expect(token.code).toBe("RESOURCE_NOT_FOUND");
    const viewer = await api.tokenFor("viewer");
    const bare = await scene.json("/api/v1/api-tokens/administrator", "DELETE", undefined, viewer);
    expect(bare.code).toBe("RESOURCE_NOT_FOUND");
    expect((await scene.json("/api/v1/api-tokens", "GET", undefined, viewer)).body["total"]).toBe(1);
  });

  test("makes no token that is more than itself", async () => {
    for (const grants of [[everywhere("operator")], [everywhere("viewer"), inGroup("operator", "grp_a")]]) {
      const made = await scene.json(
        "/api/v1/api-tokens",
        "POST",
        { name: "x", grants },
        await scene.bearerOf("victor"),
      );
      expect(made.code).toBe("AUTH_FORBIDDEN");
    }
  });

  test("none at all still knows who it is, and can leave", async () => {
    const browser = await scene.signedIn("nobody");
    expect((await browser.send("GET", "/api/v1/agents")).code).toBe("AUTH_FORBIDDEN");
    expect((await browser.send("GET", "/api/v1/session")).body).toMatchObject({ role: null, grants: [] });
    expect((await browser.send("DELETE", "/api/v1/session")).status).toBe(204);
  });
});

describe("a wrong group", () => {
  test("is refused to who administers another one", async () => {
    const greta = await scene.bearerOf("greta");
    const grant = (body: GrantView) => scene.json("/api/v1/users/victor/grant", "POST", body, greta);
    expect((await grant(inGroup("operator", "grp_a"))).status).toBe(200);
    for (const wrong of [inGroup("viewer", "grp_b"), everywhere("viewer")]) {
      expect((await grant(wrong)).code).toBe("AUTH_FORBIDDEN");
    }
    const revoke = (groupId: string | null) =>
      scene.json("/api/v1/users/victor/revoke", "POST", { groupId }, greta);
    expect((await revoke(null)).code).toBe("AUTH_FORBIDDEN");
    expect((await revoke("grp_b")).code).toBe("AUTH_FORBIDDEN");
    expect((await revoke("grp_a")).status).toBe(200);
  });

  test("is refused for the whole fleet's things, and for users themselves", async () => {
    const greta = await scene.bearerOf("greta");
    for (const [method, path, body] of [
      ["POST", "/api/v1/users", { name: "eve" }],
      ["POST", "/api/v1/users/alice/disable", undefined],
      ["POST", "/api/v1/users/alice/reset-password", {}],
      ["GET", "/api/v1/tokens", undefined],
      ["GET", "/metrics", undefined],
    ] as const) {
      expect((await scene.json(path, method, body, greta)).code).toBe("AUTH_FORBIDDEN");
    }
  });

  test("is refused to a token", async () => {
    const greta = await scene.bearerOf("greta");
    const make = (grant: GrantView) =>
      scene.json("/api/v1/api-tokens", "POST", { name: "x", grants: [grant] }, greta);
    expect((await make(inGroup("administrator", "grp_b"))).code).toBe("AUTH_FORBIDDEN");
    const token = String((await make(inGroup("operator", "grp_a"))).body["token"]);
    expect((await scene.json("/api/v1/users", "GET", undefined, token)).code).toBe("AUTH_FORBIDDEN");
    const grant = await scene.json("/api/v1/users/victor/grant", "POST", inGroup("viewer", "grp_a"), token);
    expect(grant.code).toBe("AUTH_FORBIDDEN");
  });
});
