import type { AddressInfo } from "node:net";
import { MusterError } from "@muster/core";
import type { Endpoint } from "../settings/settings.ts";
import type { App } from "./app.ts";

/** Requests under way get this long to end, in milliseconds. */
const GRACE_MS = 5000;
const SWEEP_MS = 50;

export interface ListeningHttp {
  readonly url: string;
  /** Lets requests under way end, for a while; streams of events end at once. Idempotent. */
  close(): Promise<void>;
}

/** Throws `SERVER_CONFIG_INVALID` for an address that cannot be listened on. */
export async function listenHttp(app: App, { host, port }: Endpoint): Promise<ListeningHttp> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    const problem = cause instanceof Error ? cause.message : String(cause);
    const setting = "--host and --http-port (MUSTER_HOST, MUSTER_HTTP_PORT)";
    throw new MusterError("SERVER_CONFIG_INVALID", { setting, host, port, problem }, { cause });
  }
  const { port: bound } = app.server.address() as AddressInfo;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name}:${bound}`,
    close: () => closeHttp(app),
  };
}

/** Lets requests under way end, for a while. A connection that falls idle meanwhile would stay open until it is swept. */
export async function closeHttp(app: App): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const impatience = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(impatience);
  }
}
