import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAuthority, issueServerCertificate } from "@muster/trust/x509";

/** A host of archives on this machine. */
export interface HttpsOrigin {
  readonly port: number;
  /** PEM of the authority that its certificate is from. */
  readonly authority: string;
  /** What each request asked for, in order. */
  readonly requests: readonly string[];
  /** Answers requests from now on. */
  answer(listener: RequestListener): void;
  close(): Promise<void>;
}

const notFound: RequestListener = (_request, response) => {
  response.writeHead(404).end();
};

/** Starts an HTTPS server on 127.0.0.1 with a certificate for these names. */
export async function startHttpsOrigin(names: readonly string[]): Promise<HttpsOrigin> {
  const now = Date.now();
  const authority = await createAuthority({ name: "archives", now });
  const certified = await issueServerCertificate(authority, {
    names,
    ips: ["127.0.0.1"],
    ttlMs: 86_400_000,
    now,
  });
  const requests: string[] = [];
  let listener: RequestListener = notFound;
  const server = createServer(
    { key: certified.privateKeyPem, cert: certified.certificatePem },
    (request, response) => {
      requests.push(request.url ?? "");
      listener(request, response);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    authority: authority.certificatePem,
    requests,
    answer: (next) => {
      listener = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
