import { status } from "@grpc/grpc-js";
import { MusterError, type Outcome } from "@muster/core";
import type { Instruction } from "@muster/fleet";
import { createAuthority } from "@muster/trust/x509";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dialRaw, HEARTBEAT_MS, helloOf, issueIdentity, startTestFleet } from "./testing/test-fleet.ts";
import type { RawAgent, TestFleet } from "./testing/test-fleet.ts";

// Real processes and sockets: a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

const ASSIGN: Instruction = {
  kind: "assign",
  targetId: "t1",
  assignment: Buffer.from("{}"),
  assignmentSignature: Buffer.alloc(64),
  manifest: Buffer.from("{}"),
  manifestSignatures: Buffer.from("{}"),
};
const HEARTBEAT = {
  sentAt: 0,
  cpu: 0.5,
  memoryUsed: 1,
  memoryTotal: 2,
  diskFree: 3,
  diskTotal: 4,
  uptime: 5,
};
const OUTCOME: Outcome = {
  schema: 1,
  targetId: "t1",
  product: "acme-agent",
  result: "failed",
  survivingVersion: "1.0.0",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  code: "DISK_SHORT",
  message: "full",
  outputTail: "",
  endedAt: 1,
  downtimeMs: null,
};

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await startTestFleet();
});
afterEach(async () => {
  await fleet.close();
});

const soon = (check: () => void) => vi.waitFor(check, { interval: 2, timeout: 5000 });

async function connect(agentId: string): Promise<RawAgent> {
  const agent = dialRaw(fleet.gateway.port, await fleet.identity(agentId));
  agent.send(helloOf(agentId));
  expect(await agent.next()).toMatchObject({ kind: "welcome" });
  return agent;
}

describe("a stream begins", () => {
  test("a hello is recorded and welcomed with the heartbeat interval", async () => {
    const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    agent.send(helloOf("a1", { sentAt: fleet.clock.now() - 250 }));
    expect(await agent.next()).toEqual({
      kind: "welcome",
      sentAt: fleet.clock.now(),
      heartbeatIntervalMs: HEARTBEAT_MS,
    });
    expect(fleet.desk.hellos).toMatchObject([{ agentId: "a1", version: "1.0.0", clockSkewMs: -250 }]);
    expect(fleet.gateway.line.isConnected("a1")).toBe(true);
    agent.leave();
    await soon(() => expect(fleet.desk.departures).toEqual(["a1"]));
    expect(fleet.gateway.line.isConnected("a1")).toBe(false);
  });

  test("what the agent has not taken comes right after the welcome, and not twice", async () => {
    fleet.desk.untaken.set("a1", [ASSIGN]);
    const { promise: recorded, resolve: record } = Promise.withResolvers<void>();
    fleet.desk.answers.connected = () => recorded;
    const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    agent.send(helloOf("a1"));
    await soon(() => expect(fleet.desk.hellos).toHaveLength(1));
    expect(fleet.gateway.line.isConnected("a1")).toBe(false);
    expect(fleet.gateway.line.send("a1", ASSIGN)).toBe(true);
    expect(fleet.gateway.line.send("a1", { kind: "cancel", targetId: "t1" })).toBe(true);
    record();
    expect(await agent.next()).toMatchObject({ kind: "welcome" });
    expect(await agent.next()).toMatchObject({ kind: "assign", downloadPath: "/v1/targets/t1/artifact" });
    expect(await agent.next()).toEqual({ kind: "cancel", targetId: "t1" });
    agent.leave();
  });

  test("anything before the hello is refused", async () => {
    const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    agent.send({ kind: "heartbeat", heartbeat: HEARTBEAT });
    expect(await agent.ended).toMatchObject({
      code: "AGENT_HELLO_REQUIRED",
      status: status.FAILED_PRECONDITION,
    });
    expect(fleet.desk.hellos).toEqual([]);
    expect(fleet.desk.departures).toEqual([]);
  });

  test("a hello for another agent is refused", async () => {
    const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    agent.send(helloOf("a2"));
    expect(await agent.ended).toMatchObject({
      code: "AGENT_IDENTITY_MISMATCH",
      status: status.PERMISSION_DENIED,
    });
    expect(fleet.desk.hellos).toEqual([]);
  });

  test("a second hello is refused", async () => {
    const agent = await connect("a1");
    agent.send(helloOf("a1"));
    expect(await agent.ended).toMatchObject({ code: "AGENT_MESSAGE_INVALID" });
  });

  test.each([
    ["bytes that are no message", Buffer.from([0x0a, 0xff, 0xff])],
    ["a hello with a broken version", Buffer.from([0x0a, 0x03, 0x1a, 0x01, 0x41])],
  ])("%s get an answer and nothing else happens", async (_, bytes) => {
    const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    agent.sendBytes(bytes);
    expect(await agent.ended).toMatchObject({
      code: "AGENT_MESSAGE_INVALID",
      status: status.INVALID_ARGUMENT,
    });
    expect(fleet.desk.hellos).toEqual([]);
  });

  test("a message larger than any agent's is cut off", async () => {
    const agent = await connect("a1");
    agent.sendBytes(Buffer.alloc(400 * 1024));
    expect(await agent.ended).toMatchObject({ status: status.RESOURCE_EXHAUSTED });
    await soon(() => expect(fleet.desk.departures).toEqual(["a1"]));
  });

  test("a failing desk ends the stream, and its agent is not left online", async () => {
    fleet.desk.answers.connected = async () => {
      throw new MusterError("STORE_UNAVAILABLE");
    };
    const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    agent.send(helloOf("a1"));
    expect(await agent.ended).toMatchObject({ code: "STORE_UNAVAILABLE", status: status.UNAVAILABLE });
    await soon(() => expect(fleet.desk.departures).toEqual(["a1"]));
  });
});

describe("who may", () => {
  test("no certificate: refused", async () => {
    const agent = dialRaw(fleet.gateway.port, { ca: fleet.authority.certificatePem });
    agent.send(helloOf("a1"));
    expect(await agent.ended).toMatchObject({ code: "CERTIFICATE_REQUIRED", status: status.UNAUTHENTICATED });
  });

  test("a certificate of another CA with the same name: refused", async () => {
    const other = await createAuthority({ name: "test agents", now: Date.now() });
    const { key, cert } = await issueIdentity({ authority: other, agentId: "a1" });
    const agent = dialRaw(fleet.gateway.port, { ca: fleet.authority.certificatePem, key, cert });
    agent.send(helloOf("a1"));
    expect(await agent.ended).toMatchObject({ code: "CERTIFICATE_REQUIRED" });
    expect(fleet.desk.hellos).toEqual([]);
  });

  test("an expired certificate: refused", async () => {
    const now = Date.now() - 1_000_000;
    const identity = await issueIdentity({ authority: fleet.authority, agentId: "a1", ttlMs: 500_000, now });
    const agent = dialRaw(fleet.gateway.port, identity);
    agent.send(helloOf("a1"));
    expect(await agent.ended).toMatchObject({ code: "CERTIFICATE_EXPIRED" });
  });

  test("the stream is cut when the certificate expires, though nothing is said", async () => {
    const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1", 20_000));
    agent.send(helloOf("a1"));
    expect(await agent.next()).toMatchObject({ kind: "welcome" });
    fleet.clock.advance(18_000);
    expect(fleet.gateway.line.isConnected("a1")).toBe(true);
    fleet.clock.advance(3_000);
    expect(await agent.ended).toMatchObject({ code: "CERTIFICATE_EXPIRED", status: status.UNAUTHENTICATED });
    await soon(() => expect(fleet.desk.departures).toEqual(["a1"]));
  });

  test("a revoked agent is refused at its next message, and when it comes back", async () => {
    const agent = await connect("a1");
    fleet.desk.revoked.add("a1");
    agent.send({ kind: "heartbeat", heartbeat: HEARTBEAT });
    expect(await agent.ended).toMatchObject({ code: "AGENT_REVOKED", status: status.PERMISSION_DENIED });
    expect(fleet.desk.heartbeats).toEqual([]);
    const again = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    again.send(helloOf("a1"));
    expect(await again.ended).toMatchObject({ code: "AGENT_REVOKED" });
  });

  test("a revoked agent that says nothing is cut by the desk's word", async () => {
    const agent = await connect("a1");
    expect(fleet.gateway.line.send("a1", { kind: "disconnect", code: "AGENT_REVOKED" })).toBe(true);
    expect(await agent.ended).toMatchObject({ code: "AGENT_REVOKED" });
    expect(fleet.gateway.line.send("a1", ASSIGN)).toBe(false);
  });
});

describe("two streams of one agent", () => {
  test("the newest wins and the agent stays online", async () => {
    const first = await connect("a1");
    const second = await connect("a1");
    expect(await first.ended).toMatchObject({ code: "AGENT_REPLACED", status: status.ABORTED });
    expect(fleet.gateway.line.isConnected("a1")).toBe(true);
    expect(fleet.gateway.line.send("a1", { kind: "cancel", targetId: "t9" })).toBe(true);
    expect(await second.next()).toEqual({ kind: "cancel", targetId: "t9" });
    expect(fleet.desk.departures).toEqual([]);
    second.leave();
    await soon(() => expect(fleet.desk.departures).toEqual(["a1"]));
  });

  test("the desk hears the second hello only when it is done with the first", async () => {
    const { promise: recorded, resolve: record } = Promise.withResolvers<void>();
    fleet.desk.answers.connected = () => recorded;
    const first = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    first.send(helloOf("a1", { version: "1.0.0" }));
    await soon(() => expect(fleet.desk.hellos).toHaveLength(1));
    const second = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    second.send(helloOf("a1", { version: "1.1.0" }));
    expect(await first.ended).toMatchObject({ code: "AGENT_REPLACED" });
    expect(fleet.desk.hellos).toHaveLength(1);
    record();
    expect(await second.next()).toMatchObject({ kind: "welcome" });
    expect(fleet.desk.hellos.map(({ version }) => version)).toEqual(["1.0.0", "1.1.0"]);
    expect(fleet.desk.departures).toEqual([]);
    second.leave();
  });

  test("an agent that leaves while its hello is recorded is offline afterwards", async () => {
    const { promise: recorded, resolve: record } = Promise.withResolvers<void>();
    fleet.desk.answers.connected = () => recorded;
    const agent = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    agent.send(helloOf("a1"));
    await soon(() => expect(fleet.desk.hellos).toHaveLength(1));
    agent.leave();
    await soon(() => expect(fleet.gateway.counts().streams).toBe(0));
    expect(fleet.desk.departures).toEqual([]);
    record();
    await soon(() => expect(fleet.desk.departures).toEqual(["a1"]));
  });
});

describe("what an agent reports", () => {
  test("heartbeats, with the clock's skew", async () => {
    const agent = await connect("a1");
    agent.send({ kind: "heartbeat", heartbeat: { ...HEARTBEAT, sentAt: fleet.clock.now() + 4000 } });
    await soon(() => expect(fleet.desk.heartbeats).toHaveLength(1));
    expect(fleet.desk.heartbeats[0]).toEqual({
      agentId: "a1",
      heartbeat: {
        clockSkewMs: 4000,
        policy: null,
        telemetry: {
          cpu: 0.5,
          memoryUsedBytes: 1,
          memoryTotalBytes: 2,
          diskFreeBytes: 3,
          diskTotalBytes: 4,
          uptimeSeconds: 5,
        },
      },
    });
    agent.leave();
  });

  test("progress; that of an unknown target is dropped and the stream stays", async () => {
    fleet.desk.answers.progress = ({ targetId }) => {
      if (targetId !== "t1") throw new MusterError("TARGET_UNKNOWN");
    };
    const agent = await connect("a1");
    const progress = { stage: "downloading", receivedBytes: 1, totalBytes: 2 } as const;
    agent.send({ kind: "progress", progress: { ...progress, targetId: "other" } });
    agent.send({ kind: "progress", progress: { ...progress, targetId: "t1" } });
    await soon(() =>
      expect(fleet.desk.reports).toEqual([{ agentId: "a1", progress: { ...progress, targetId: "t1" } }]),
    );
    agent.leave();
  });

  test("an outcome is acknowledged when it is on disk, not before", async () => {
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    fleet.desk.answers.outcome = () => stored;
    const agent = await connect("a1");
    agent.send({ kind: "outcome", outcome: OUTCOME });
    fleet.gateway.line.send("a1", { kind: "cancel", targetId: "marker" });
    expect(await agent.next()).toEqual({ kind: "cancel", targetId: "marker" });
    store();
    expect(await agent.next()).toEqual({ kind: "outcome_acknowledged", targetId: "t1" });
    expect(fleet.desk.outcomes).toEqual([{ agentId: "a1", outcome: OUTCOME }]);
    agent.leave();
  });

  test("an outcome that could not be stored is not acknowledged: the agent sends it again at its next connection", async () => {
    fleet.desk.answers.outcome = async () => {
      throw new MusterError("STORE_UNAVAILABLE");
    };
    const agent = await connect("a1");
    agent.send({ kind: "outcome", outcome: OUTCOME });
    expect(await agent.ended).toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  test("an outcome nobody waits for is acknowledged", async () => {
    fleet.desk.answers.outcome = async () => {
      throw new MusterError("TARGET_UNKNOWN");
    };
    const agent = await connect("a1");
    agent.send({ kind: "outcome", outcome: OUTCOME });
    expect(await agent.next()).toEqual({ kind: "outcome_acknowledged", targetId: "t1" });
    agent.leave();
  });

  test("messages of a kind from the future are passed over", async () => {
    const agent = await connect("a1");
    agent.sendBytes(Buffer.from([0xfa, 0x01, 0x00]));
    agent.send({ kind: "outcome", outcome: OUTCOME });
    expect(await agent.next()).toMatchObject({ kind: "outcome_acknowledged" });
    agent.leave();
  });
});

describe("load", () => {
  test("an agent that says nothing for three intervals is gone", async () => {
    const agent = await connect("a1");
    fleet.clock.advance(2.5 * HEARTBEAT_MS);
    expect(fleet.gateway.line.isConnected("a1")).toBe(true);
    agent.send({ kind: "heartbeat", heartbeat: HEARTBEAT });
    await soon(() => expect(fleet.desk.heartbeats).toHaveLength(1));
    fleet.clock.advance(2.5 * HEARTBEAT_MS);
    expect(fleet.gateway.line.isConnected("a1")).toBe(true);
    fleet.clock.advance(HEARTBEAT_MS);
    expect(await agent.ended).toMatchObject({ code: "AGENT_SILENT", status: status.DEADLINE_EXCEEDED });
    await soon(() => expect(fleet.desk.departures).toEqual(["a1"]));
  });

  test("an agent that talks too much is ended", async () => {
    const agent = await connect("a1");
    for (let n = 0; n < 120; n += 1) agent.send({ kind: "heartbeat", heartbeat: HEARTBEAT });
    expect(await agent.ended).toMatchObject({ code: "RATE_LIMITED", status: status.RESOURCE_EXHAUSTED });
    expect(fleet.desk.heartbeats.length).toBeLessThanOrEqual(100);
  });

  test("a gateway that takes nobody says so, keeps whom it has, and takes agents again", async () => {
    const first = await connect("a1");
    fleet.gateway.accepting(false);
    const refused = dialRaw(fleet.gateway.port, await fleet.identity("a2"));
    refused.send(helloOf("a2"));
    expect(await refused.ended).toMatchObject({ code: "SERVER_OVERLOADED", status: status.UNAVAILABLE });
    expect(fleet.gateway.line.isConnected("a1")).toBe(true);
    fleet.gateway.accepting(true);
    (await connect("a2")).leave();
    first.leave();
  });

  test("streams and greetings over the limit are refused", async () => {
    await fleet.gateway.close();
    fleet = await startTestFleet({ streams: 1 });
    const first = await connect("a1");
    const second = dialRaw(fleet.gateway.port, await fleet.identity("a2"));
    second.send(helloOf("a2"));
    expect(await second.ended).toMatchObject({ code: "SERVER_OVERLOADED" });
    first.leave();
    await soon(() => expect(fleet.gateway.counts().streams).toBe(0));

    await fleet.gateway.close();
    fleet = await startTestFleet({ greetings: 1 });
    fleet.desk.answers.connected = () => new Promise(() => undefined);
    const slow = dialRaw(fleet.gateway.port, await fleet.identity("a1"));
    slow.send(helloOf("a1"));
    await soon(() => expect(fleet.desk.hellos).toHaveLength(1));
    const shed = dialRaw(fleet.gateway.port, await fleet.identity("a2"));
    shed.send(helloOf("a2"));
    expect(await shed.ended).toMatchObject({ code: "SERVER_OVERLOADED" });
    slow.leave();
  });

  test("closing ends every stream in order", async () => {
    const agent = await connect("a1");
    await fleet.gateway.close();
    expect(await agent.ended).toMatchObject({ status: status.UNAVAILABLE });
    expect(fleet.desk.departures).toEqual(["a1"]);
  });
});
