import tls from "node:tls";
import { createClient, type Client } from "@muster/protocol/http";
import { readSmallFile } from "../files.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { MusterError } from "@muster/core";
import { resolveConnection, type ConnectionOptions } from "./settings.ts";

const CA_MAX_BYTES = 1_048_576;

export interface ConnectOptions extends ConnectionOptions {
  /** PEM file of CAs to trust besides the usual ones. */
  readonly ca?: string | undefined;
}

/** A client for the server that the options, the environment or the saved login name. */
export async function connect(
  options: ConnectOptions,
  { env, wait }: Pick<Terminal, "env" | "wait">,
): Promise<Client> {
  const connection = await resolveConnection(options, env);
  const ca = options.ca ?? (env["MUSTER_CA"] || undefined);
  if (ca !== undefined) await trustAlso(ca);
  return createClient({ ...connection, wait });
}

async function trustAlso(path: string): Promise<void> {
  const pem = new TextDecoder().decode(await readSmallFile(path, CA_MAX_BYTES));
  try {
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), pem]);
  } catch (cause) {
    throw new MusterError("FILE_NOT_READABLE", { path, problem: "is not a certificate in PEM" }, { cause });
  }
}
