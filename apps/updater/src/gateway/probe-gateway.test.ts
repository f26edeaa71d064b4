import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createPlainServer } from "node:net";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { createAuthority, issueServerCertificate, type CertifiedKey } from "@muster/trust/x509";
import { probeGateway } from "./probe-gateway.ts";

let authority: CertifiedKey;
let stranger: CertifiedKey;
let server: CertifiedKey;
const now = Date.now();

beforeAll(async () => {
  authority = await createAuthority({ name: "agents", now });
  stranger = await createAuthority({ name: "others", now });
  server = await issueServerCertificate(authority, { names: ["localhost"], ips: [], ttlMs: 3_600_000, now });
});

/** A gateway that answers with a status; its address. */
async function gateway(status: number): Promise<string> {
  const { certificatePem: cert, privateKeyPem: key } = server;
  const listening = createServer({ cert, key }, ({ url, method }, response) => {
    response.statusCode = url === "/v1/ready" && method === "GET" ? status : 400;
    response.end();
  }).listen(0, "localhost");
  onTestFinished(() => void listening.close());
  await once(listening, "listening");
  return `localhost:${(listening.address() as AddressInfo).port}`;
}

const ask = (address: string, ca = authority.certificatePem) => probeGateway({ address, ca });

test.for([
  [200, "accepting"],
  [503, "not_accepting"],
  [500, "not_accepting"],
  [404, "unknown"],
] as const)("an answer of %i means %s", async ([status, meaning]) => {
  expect(await ask(await gateway(status))).toBe(meaning);
});

test("an answer that the agents' CA does not vouch for is none", async () => {
  expect(await ask(await gateway(200), stranger.certificatePem)).toBe("unreachable");
});

test("an answer under another name is none", async () => {
  const address = await gateway(200);
  expect(await ask(address.replace("localhost", "127.0.0.1"))).toBe("unreachable");
});

test("nobody there is unreachable", async () => {
  expect(await ask("localhost:1")).toBe("unreachable");
});

test("someone who hangs up is unreachable", async () => {
  const listening = createPlainServer((socket) => socket.destroy()).listen(0, "localhost");
  onTestFinished(() => void listening.close());
  await once(listening, "listening");
  expect(await ask(`localhost:${(listening.address() as AddressInfo).port}`)).toBe("unreachable");
});

test.for(["localhost:99999", ":"])("an address like %j cannot be asked", async (address) => {
  expect(await ask(address)).toBe("unknown");
});

test("a CA that is no certificate vouches for nobody", async () => {
  expect(await ask(await gateway(200), "garbage")).toBe("unreachable");
});
