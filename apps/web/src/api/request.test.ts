import { expect, test } from "vitest";
import { isNotFound, isSignedOut, ProblemError, problemOf } from "./problem.ts";
import { type Fetch, send, withQuery } from "./request.ts";

const answering =
  (status: number, body: unknown, type = "application/json"): Fetch =>
  async () =>
    new Response(JSON.stringify(body), { status, headers: { "content-type": type } });

test("a query holds what is defined, encoded", () => {
  expect(withQuery("/x", { a: "1 2", b: undefined, c: 0 })).toBe("/x?a=1+2&c=0");
  expect(withQuery("/x", {})).toBe("/x");
});

test("a problem of the API is thrown as it came", async () => {
  const problem = {
    type: "/api/v1/errors/RESOURCE_NOT_FOUND",
    title: "There is no such object",
    status: 404,
    detail: "There is no such object (rollout r_1)",
    code: "RESOURCE_NOT_FOUND",
    help: "Check the id.",
    retryable: false,
    details: {},
  };
  const fetch = answering(404, problem, "application/problem+json; charset=utf-8");
  const error = await send(fetch, { method: "GET", path: "/x" }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProblemError);
  expect(problemOf(error)).toEqual(problem);
  expect(isNotFound(error)).toBe(true);
  expect(isSignedOut(error)).toBe(false);
});

test("an answer from something in between is told by its status, not taken for Muster's", async () => {
  const error = await send(answering(502, "<html>", "text/html"), { method: "GET", path: "/x" }).catch(
    problemOf,
  );
  expect(error).toMatchObject({ code: "RESPONSE_UNEXPECTED", status: 502, retryable: true });
});

test("no answer at all is SERVER_UNREACHABLE", async () => {
  const error = await send(() => Promise.reject(new TypeError("Failed to fetch")), {
    method: "POST",
    path: "/x",
  }).catch(problemOf);
  expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", retryable: true });
});

test("a body is sent as JSON, and an answer without one is nothing", async () => {
  const seen: RequestInit[] = [];
  const fetch: Fetch = async (_, init) => {
    seen.push(init);
    return new Response(null, { status: 204 });
  };
  expect(await send(fetch, { method: "POST", path: "/x", body: { token: "t" } })).toBeUndefined();
  expect(seen[0]).toMatchObject({ body: '{"token":"t"}', credentials: "same-origin" });
});
