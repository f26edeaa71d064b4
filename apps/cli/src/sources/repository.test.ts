import { expect, test } from "vitest";
import { parseRepository } from "./repository.ts";

test.each([
  ["acme/agent", { kind: "github", owner: "acme", repo: "agent" }],
  ["github.com/acme/agent", { kind: "github", owner: "acme", repo: "agent" }],
  ["https://GitHub.com/acme/agent.git", { kind: "github", owner: "acme", repo: "agent" }],
  ["https://github.com/acme/agent/", { kind: "github", owner: "acme", repo: "agent" }],
  ["codeberg.org/acme/agent", { kind: "forgejo", host: "codeberg.org", owner: "acme", repo: "agent" }],
  [
    "git.example.com:3000/acme/agent.js",
    { kind: "forgejo", host: "git.example.com:3000", owner: "acme", repo: "agent.js" },
  ],
])("%s is a repository", (text, repository) => {
  expect(parseRepository(text)).toEqual(repository);
});

test.each([
  "",
  "acme",
  "/acme",
  "http://github.com/acme/agent",
  "https://u:p@github.com/acme/agent",
  "a/b/c/d",
  "a b/c",
  "a/b?c",
])("%j is none", (text) => {
  expect(() => parseRepository(text)).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
});
