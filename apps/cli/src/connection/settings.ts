import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { MusterError, parse } from "@muster/core";
import { usage } from "../arguments/usage.ts";
import { readSmallFileIfAny, writeWholeFile } from "../files.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** What `muster login` remembers. */
export interface SavedLogin {
  readonly server: string;
  readonly token: string;
}

/** Where a command's server is, and as whom to speak to it. */
export interface Connection {
  readonly server: string;
  readonly token: string | undefined;
}

/** The options that name a server, as they were given. */
export interface ConnectionOptions {
  readonly server?: string | undefined;
  readonly token?: string | undefined;
}

const MAX_BYTES = 65_536;

const savedLoginDecoder = parse.object({
  schema: parse.literal(1),
  server: parse.string({ min: 1, max: 2048 }),
  token: parse.string({ min: 1, max: 256 }),
});

/** The file that `muster login` writes, by the XDG Base Directory specification. */
export function loginFile(env: Terminal["env"]): string {
  const folder = env["XDG_CONFIG_HOME"] || join(env["HOME"] ?? homedir(), ".config");
  return join(folder, "muster", "config.json");
}

/**
 * The connection from the options, else from `MUSTER_SERVER` and `MUSTER_TOKEN`, else from the saved login. A saved token
 * goes to the server that it was saved for, and to no other.
 */
export async function resolveConnection(
  options: ConnectionOptions,
  env: Terminal["env"],
): Promise<Connection> {
  const named = {
    server: options.server ?? (env["MUSTER_SERVER"] || undefined),
    token: options.token ?? (env["MUSTER_TOKEN"] || undefined),
  };
  if (named.server !== undefined && named.token !== undefined) return { ...named, server: named.server };
  const saved = await readLogin(env);
  const server = named.server ?? saved?.server;
  if (server === undefined) {
    throw usage("No server is named. Use --server or MUSTER_SERVER, or run `muster login` once.");
  }
  const own = saved !== null && withoutSlash(saved.server) === withoutSlash(server) ? saved.token : undefined;
  return { server, token: named.token ?? own };
}

export async function saveLogin(login: SavedLogin, env: Terminal["env"]): Promise<string> {
  const path = loginFile(env);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new MusterError("FILE_NOT_WRITABLE", { path: dirname(path) }, { cause });
  }
  await writeWholeFile(path, `${JSON.stringify({ schema: 1, ...login }, null, 2)}\n`, {
    mode: 0o600,
    replace: true,
  });
  return path;
}

async function readLogin(env: Terminal["env"]): Promise<SavedLogin | null> {
  const path = loginFile(env);
  const bytes = await readSmallFileIfAny(path, MAX_BYTES);
  if (bytes === null) return null;
  try {
    return parse.decodeJson(savedLoginDecoder, new TextDecoder().decode(bytes), "FILE_NOT_READABLE");
  } catch (cause) {
    const problem = "it is not what `muster login` writes; run that again";
    throw new MusterError("FILE_NOT_READABLE", { path, problem }, { cause });
  }
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, "");
}
