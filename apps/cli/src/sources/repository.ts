import type { CreateSource } from "@muster/protocol/http";
import { usage } from "../arguments/usage.ts";

/** Where a repository is, as it is written: `acme/agent` on GitHub, `git.example.com/acme/agent`, or the address of its page. */
export type Repository = Pick<CreateSource, "kind" | "host" | "owner" | "repo">;

const FORM = /^(?:https:\/\/)?(?:(?<host>[^/]+)\/)?(?<owner>[^/]+)\/(?<repo>[^/]+?)(?:\.git)?\/?$/;
const GITHUB = "github.com";

export function parseRepository(text: string): Repository {
  const { host, owner, repo } = FORM.exec(text)?.groups ?? {};
  if (owner === undefined || repo === undefined || /[\s?#@]/.test(text)) {
    throw usage("Write the repository like acme/agent, or git.example.com/acme/agent.");
  }
  if (host === undefined || host.toLowerCase() === GITHUB) return { kind: "github", owner, repo };
  return { kind: "forgejo", host, owner, repo };
}
