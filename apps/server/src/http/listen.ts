import type { AddressInfo } from "node:net";
import { MusterError } from "@muster/core";
import type { Endpoint } from "../settings/settings.ts";
import type { App } from "./app.ts";

/** Requests under way get this long to end, in milliseconds. */
const GRACE_MS = 5000;

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
    close: async () => {
      const impatience = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
      await app.close();
      clearTimeout(impatience);
    },
  };
}
