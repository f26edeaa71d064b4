import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { MusterError } from "@muster/core";
import { authorityPin } from "@muster/trust/x509";

const TIMEOUT_MS = 20_000;
/** Certificates of a chain that are looked at. */
const CHAIN_MAX = 8;

/**
 * Connects to a server that is not trusted yet and returns the CA, PEM, that the pin names and that signed the server's
 * certificate. Nothing is sent to it. `SERVER_IDENTITY_MISMATCH` if there is no such CA, `SERVER_UNREACHABLE`.
 */
export async function fetchPinnedAuthority(address: string, pin: string): Promise<string> {
  const { host, port } = splitAddress(address);
  const leaf = await presentedCertificate(host, port);
  const authority = chainOf(leaf).find(
    (certificate) => certificate.ca && authorityPin(certificate.raw) === pin,
  );
  if (!authority) {
    throw new MusterError("SERVER_IDENTITY_MISMATCH", {
      address,
      problem: "its CA is not the one that the token names",
    });
  }
  // The next connection verifies all of this again, with this CA and no other; here it gets a better explanation.
  if (!leaf.verify(authority.publicKey)) {
    throw new MusterError("SERVER_IDENTITY_MISMATCH", {
      address,
      problem: "its certificate is not signed by its CA",
    });
  }
  const named = isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host);
  if (named === undefined) {
    const problem = `its certificate is for ${leaf.subjectAltName ?? "no name"}`;
    throw new MusterError("SERVER_IDENTITY_MISMATCH", { address, problem });
  }
  return authority.toString();
}

function presentedCertificate(host: string, port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const unreachable = (problem: string, cause?: unknown) =>
      reject(new MusterError("SERVER_UNREACHABLE", { address: `${host}:${port}`, problem }, { cause }));
    const socket = connect({
      host,
      port,
      // Who it is, is what is being found out.
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
      ...(isIP(host) === 0 && { servername: host }),
      timeout: TIMEOUT_MS,
    });
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate) resolve(certificate);
      else unreachable("it shows no certificate");
    });
    socket.once("timeout", () => {
      socket.destroy();
      unreachable("it does not answer");
    });
    socket.once("error", (error) => unreachable(error.message, error));
  });
}

function chainOf(leaf: X509Certificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (
    let next: X509Certificate | undefined = leaf;
    next && chain.length < CHAIN_MAX;
    next = next.issuerCertificate
  ) {
    if (chain.at(-1)?.fingerprint256 === next.fingerprint256) break;
    chain.push(next);
  }
  return chain;
}

function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const cut = address.lastIndexOf(":");
  return { host: address.slice(0, cut).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(cut + 1)) };
}
