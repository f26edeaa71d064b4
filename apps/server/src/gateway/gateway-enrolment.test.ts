import { connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { status } from "@grpc/grpc-js";
import { MusterError } from "@muster/core";
import {
  decodeEnrolResponse,
  decodeRenewResponse,
  encodeEnrolRequest,
  encodeRenewRequest,
} from "@muster/protocol/agent";
import {
  authorityPin,
  certificateDer,
  createAuthority,
  createKeyAndRequest,
  issueClientCertificate,
  readClientCertificate,
} from "@muster/trust/x509";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ABSENCE_MAX_MS } from "./peer.ts";
import { dialRaw, helloOf, issueIdentity, startTestFleet, type TestFleet } from "./testing/test-fleet.ts";

// Real processes and sockets: a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await startTestFleet();
  fleet.desk.answers.enrol = async ({ csr }) => {
    const issued = await issueClientCertificate(fleet.authority, csr, {
      agentId: "new",
      generation: 1,
      ttlMs: 60_000,
      now: fleet.clock.now(),
    });
    return {
      agentId: issued.agentId,
      certificate: issued.certificate,
      caCertificate: certificateDer(fleet.authority.certificatePem),
      assignmentKey: new Uint8Array(32),
      expiresAt: issued.expiresAt,
    };
  };
  fleet.desk.answers.renew = async (identity, csr) => {
    const next = { ...identity, generation: identity.generation + 1, ttlMs: 60_000, now: fleet.clock.now() };
    return await issueClientCertificate(fleet.authority, csr, next);
  };
});
afterEach(async () => {
  await fleet.close();
});

const stranger = () => dialRaw(fleet.gateway.port, { ca: fleet.authority.certificatePem });
const requestOf = (csr: Uint8Array) =>
  encodeEnrolRequest({ token: "t", csr, product: "acme-agent", hostname: "web-1", labels: { env: "test" } });

test("a host without a certificate enrols, and what it gets opens a stream", async () => {
  const { privateKeyPem, csr } = createKeyAndRequest();
  const grant = decodeEnrolResponse(await stranger().unary("enrol", requestOf(csr)));
  expect(fleet.desk.enrolments).toMatchObject([
    { token: "t", product: "acme-agent", labels: { env: "test" } },
  ]);
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(grant.certificate).toString("base64")}\n-----END CERTIFICATE-----`;
  const agent = dialRaw(fleet.gateway.port, {
    ca: fleet.authority.certificatePem,
    key: privateKeyPem,
    cert: pem,
  });
  agent.send(helloOf("new"));
  expect(await agent.next()).toMatchObject({ kind: "welcome" });
  agent.leave();
});

test("a refusal keeps its code", async () => {
  fleet.desk.answers.enrol = async () => {
    throw new MusterError("TOKEN_EXHAUSTED");
  };
  await expect(stranger().unary("enrol", requestOf(createKeyAndRequest().csr))).rejects.toMatchObject({
    code: "TOKEN_EXHAUSTED",
    status: status.UNAUTHENTICATED,
  });
});

test("a request that is no request is refused, and the desk is not asked", async () => {
  await expect(stranger().unary("enrol", Buffer.from([0xff]))).rejects.toMatchObject({
    code: "REQUEST_INVALID",
  });
  expect(fleet.desk.enrolments).toEqual([]);
});

test("what fails unexpectedly shows nothing of itself", async () => {
  fleet.desk.answers.enrol = async () => {
    throw new Error("password=hunter2");
  };
  const refused = stranger().unary("enrol", requestOf(createKeyAndRequest().csr));
  await expect(refused).rejects.toMatchObject({ code: "INTERNAL_UNEXPECTED", status: status.INTERNAL });
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining("hunter2") });
  expect(fleet.problems.splice(0)).toHaveLength(1);
});

test("nobody enrols while the gateway takes nobody", async () => {
  fleet.gateway.accepting(false);
  await expect(stranger().unary("enrol", requestOf(createKeyAndRequest().csr))).rejects.toMatchObject({
    code: "SERVER_OVERLOADED",
  });
});

test("enrolments over the limit are put off", async () => {
  await fleet.gateway.close();
  fleet = await startTestFleet({ enrolments: 0 });
  await expect(stranger().unary("enrol", requestOf(createKeyAndRequest().csr))).rejects.toMatchObject({
    code: "SERVER_OVERLOADED",
  });
});

test("an agent renews with a new key and the next generation", async () => {
  const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1", 60_000, 4));
  const renewed = decodeRenewResponse(
    await agent.unary("renew", encodeRenewRequest(createKeyAndRequest().csr)),
  );
  expect(readClientCertificate(renewed.certificate)).toMatchObject({ agentId: "a1", generation: 5 });
});

const renewal = () => encodeRenewRequest(createKeyAndRequest().csr);

describe("a host that was away for longer than its certificate lasts", () => {
  const DAY_MS = 86_400_000;
  const longAgo = (agentId: string, authority = fleet.authority) =>
    issueIdentity({ authority, agentId, generation: 3, ttlMs: DAY_MS, now: Date.now() - 10 * DAY_MS });

  test("comes back with it, though it can do nothing else with it", async () => {
    const agent = dialRaw(fleet.gateway.port, await longAgo("a1"));
    const renewed = decodeRenewResponse(await agent.unary("renew", renewal()));
    expect(readClientCertificate(renewed.certificate)).toMatchObject({ agentId: "a1", generation: 4 });
    const other = dialRaw(fleet.gateway.port, await longAgo("a1"));
    other.send(helloOf("a1"));
    expect(await other.ended).toMatchObject({ code: "CERTIFICATE_EXPIRED" });
  });

  test.each([
    ["was away too long", () => fleet.clock.advance(ABSENCE_MAX_MS), "CERTIFICATE_EXPIRED"],
    ["was revoked meanwhile", () => fleet.desk.revoked.add("a1"), "AGENT_REVOKED"],
  ])("is refused if it %s", async (_, happens, code) => {
    happens();
    const agent = dialRaw(fleet.gateway.port, await longAgo("a1"));
    await expect(agent.unary("renew", renewal())).rejects.toMatchObject({ code });
    expect(fleet.desk.renewals).toEqual([]);
  });

  test("cannot be played by a stranger with an expired certificate of another CA's, even of the same name", async () => {
    const other = await createAuthority({ name: "test agents", now: Date.now() - 20 * DAY_MS });
    const theirs = await longAgo("a1", other);
    const agent = dialRaw(fleet.gateway.port, { ...theirs, ca: fleet.authority.certificatePem });
    await expect(agent.unary("renew", renewal())).rejects.toMatchObject({
      code: expect.stringMatching(/^CERTIFICATE_(?:EXPIRED|REQUIRED)$/),
    });
    expect(fleet.desk.renewals).toEqual([]);
  });
});

test("a revoked agent, one that was away too long and a stranger cannot renew", async () => {
  const request = encodeRenewRequest(createKeyAndRequest().csr);
  await expect(stranger().unary("renew", request)).rejects.toMatchObject({ code: "CERTIFICATE_REQUIRED" });
  fleet.desk.revoked.add("a1");
  const revoked = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
  await expect(revoked.unary("renew", request)).rejects.toMatchObject({ code: "AGENT_REVOKED" });
  const brief = dialRaw(fleet.gateway.port, await fleet.identity("a2", 60_000));
  fleet.clock.advance(60_000 + ABSENCE_MAX_MS);
  await expect(brief.unary("renew", request)).rejects.toMatchObject({ code: "CERTIFICATE_EXPIRED" });
  expect(fleet.desk.renewals).toEqual([]);
});

test("the certificate's chain shows the CA, so that a pin can be held against it", async () => {
  const socket = tlsConnect({ port: fleet.gateway.port, host: "127.0.0.1", rejectUnauthorized: false });
  await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
  const authority = socket.getPeerX509Certificate()?.issuerCertificate;
  expect(authority && authorityPin(authority.raw)).toBe(authorityPin(fleet.authority.certificatePem));
  socket.destroy();
});

test("a connection that shows nothing is closed", async () => {
  const socket = tlsConnect({ port: fleet.gateway.port, host: "127.0.0.1", rejectUnauthorized: false });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  await vi.waitFor(() => expect(fleet.gateway.counts().connections).toBe(1), { interval: 2 });
  fleet.clock.advance(29_000);
  expect(fleet.gateway.counts().connections).toBe(1);
  fleet.clock.advance(3_000);
  await closed;
});

test("bytes that are not TLS do the gateway no harm", async () => {
  const socket = tcpConnect(fleet.gateway.port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await closed;
  expect(fleet.gateway.counts().connections).toBe(0);
});
