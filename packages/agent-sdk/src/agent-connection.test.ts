import { rm } from "node:fs/promises";
import { healthDecoder, parse } from "@muster/core";
import type { HeartbeatReport } from "@muster/protocol/agent";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HEARTBEAT_MS } from "./testing/fake-gateway.ts";
import { createTestHost, type TestHost } from "./testing/test-host.ts";

// Real processes and sockets: a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

let host: TestHost;
beforeEach(async () => {
  host = await createTestHost();
  await host.enrol();
});
afterEach(() => host.close());

const heartbeats = (): HeartbeatReport[] =>
  host.gateway.streams.flatMap(({ reports }) =>
    reports.flatMap((report) => (report.kind === "heartbeat" ? [report.heartbeat] : [])),
  );

describe("connecting", () => {
  test("the hello says who and what is there", async () => {
    await host.write(host.layout.policy, { channels: ["stable"] });
    const agent = await host.connect();
    expect(host.gateway.stream()?.hello).toMatchObject({
      agentId: "agent-1",
      product: "acme-agent",
      version: "1.0.0",
      capabilities: ["update", "diagnostics"],
      policy: { updates: true, maintenance: false, channels: ["stable"] },
      lastSequence: 0,
      targetId: null,
    });
    expect(agent.status()).toMatchObject({ connection: { kind: "open" }, update: { kind: "idle" } });
  });

  test("a host that is not enrolled says so", async () => {
    await rm(host.layout.agentConfig);
    await expect(host.start()).rejects.toMatchObject({ code: "ENROLMENT_MISSING" });
  });

  test("without a trust anchor it runs, but does not say that it can update", async () => {
    await rm(`${host.packageFolder}/trust-anchor.json`);
    await host.connect();
    expect(host.gateway.stream()?.hello.capabilities).toEqual(["diagnostics"]);
  });

  test("a lost connection is opened again, quickly", async () => {
    const agent = await host.connect();
    host.gateway.dropConnections();
    await host.clock.settle(() => agent.status().connection.kind === "waiting");
    await host.clock.until(
      () => host.gateway.streams.length === 2 && agent.status().connection.kind === "open",
      { mostMs: 1000 },
    );
    expect(host.gateway.streams.map((stream) => stream.isOpen())).toEqual([false, true]);
  });

  test("a gateway that refuses is tried again and again, more and more rarely", async () => {
    host.gateway.behaviour.refuse = "SERVER_OVERLOADED";
    const agent = await host.start();
    const delays: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      await host.clock.settle(() => agent.status().connection.kind === "waiting");
      const { connection } = agent.status();
      if (connection.kind !== "waiting") throw new Error(connection.kind);
      delays.push(connection.delayMs);
      host.clock.advance(connection.delayMs);
    }
    expect(delays).toEqual([188, 375, 750, 1500, 3000, 6000]);
    host.gateway.behaviour.refuse = null;
    await host.clock.until(() => agent.status().connection.kind === "open");
  });

  test("an agent that was locked out does not hurry", async () => {
    const agent = await host.connect();
    host.gateway.stream()?.end("AGENT_REVOKED");
    await host.clock.settle(() => agent.status().connection.kind === "waiting");
    expect(agent.status().connection).toMatchObject({ because: "AGENT_REVOKED", delayMs: 90_000 });
  });

  test("a gateway of another CA is not talked to", async () => {
    const other = await createTestHost();
    try {
      const config = (await host.json(host.layout.agentConfig)) as { muster: object };
      await host.write(host.layout.agentConfig, {
        muster: { ...config.muster, gateway: other.gateway.address },
      });
      const agent = await host.start();
      await host.clock.settle(() => agent.status().connection.kind === "waiting");
      expect(agent.status().connection).toMatchObject({ because: "SERVER_UNREACHABLE" });
      expect(other.gateway.streams).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test("a message that cannot be read ends the stream, not the agent", async () => {
    const agent = await host.connect();
    host.gateway.stream()?.sendBytes(Buffer.from([0xff, 0xff]));
    await host.clock.settle(() => agent.status().connection.kind === "waiting");
    expect(agent.status().connection).toMatchObject({ because: "AGENT_MESSAGE_INVALID" });
    await host.clock.until(() => agent.status().connection.kind === "open", { stepMs: 5000 });
  });

  test("a gateway can send it elsewhere in its own time", async () => {
    const agent = await host.connect();
    host.gateway.stream()?.send({ kind: "reconnect", delayMs: 5000 });
    await host.clock.settle(() => agent.status().connection.kind === "waiting");
    host.clock.advance(4900);
    expect(agent.status().connection.kind).toBe("waiting");
    await host.clock.until(
      () => host.gateway.streams.length === 2 && agent.status().connection.kind === "open",
    );
  });

  test("a gateway that does not welcome is left", async () => {
    const agent = await host.start({
      dial: (_address, _identity, events) => ({
        send: () => true,
        close: () => undefined,
        abort: () => events.ended(null),
      }),
    });
    expect(agent.status().connection.kind).toBe("greeting");
    await host.clock.until(() => agent.status().connection.kind === "waiting", {
      stepMs: 1000,
      mostMs: 31_000,
    });
  });
});

describe("while it is connected", () => {
  test("it tells how the host is doing, at once and at the gateway's interval", async () => {
    await host.connect();
    await host.clock.settle(() => heartbeats().length === 1);
    expect(heartbeats()[0]).toMatchObject({
      cpu: expect.any(Number),
      memoryTotal: expect.any(Number),
      diskTotal: expect.any(Number),
    });
    host.clock.advance(HEARTBEAT_MS);
    await host.clock.settle(() => heartbeats().length === 2);
    expect(heartbeats().every(({ policy }) => policy === undefined)).toBe(true);
  });

  test("a policy that changes is told soon, and once", async () => {
    await host.connect();
    await host.write(host.layout.policy, { maintenance: true });
    await host.clock.until(() => heartbeats().some(({ policy }) => policy?.maintenance === true), {
      mostMs: 6000,
    });
    const told = heartbeats().filter(({ policy }) => policy !== undefined).length;
    host.clock.advance(3 * HEARTBEAT_MS);
    await host.clock.settle(() => heartbeats().length >= 3);
    expect(heartbeats().filter(({ policy }) => policy !== undefined)).toHaveLength(told);
  });

  test("a policy that cannot be read turns updates off, and the agent runs on", async () => {
    const agent = await host.connect();
    await host.write(host.layout.policy, "{ updates");
    await host.clock.until(() => agent.status().policyProblem !== null, { mostMs: 6000 });
    expect(agent.status().policy.updates).toBe(false);
    expect(host.log).toContainEqual(
      expect.objectContaining({
        level: "error",
        fields: expect.objectContaining({ code: "POLICY_INVALID" }),
      }),
    );
    await host.write(host.layout.policy, {});
    await host.clock.until(() => agent.status().policyProblem === null, { mostMs: 6000 });
    expect(agent.status().policy.updates).toBe(true);
  });

  test("its health file says since when it is connected and what its checks say, and is renewed", async () => {
    let ok = true;
    const check = { name: "database", run: () => ({ ok, message: ok ? "fine" : "gone" }) };
    const throws = {
      name: "throws",
      run: (): never => {
        throw new Error("no");
      },
    };
    const agent = await host.connect({ selfChecks: [check, throws] });
    const healthIs = (expected: object) =>
      vi.waitFor(
        async () => {
          const report = parse.decode(healthDecoder, await host.json(host.layout.health), "REQUEST_INVALID");
          expect(report).toMatchObject(expected);
        },
        { interval: 2 },
      );
    await healthIs({
      version: "1.0.0",
      pid: process.pid,
      connectedSinceMs: host.clock.monotonicMs(),
      checks: [
        { name: "database", ok: true, message: "fine" },
        { name: "throws", ok: false },
      ],
    });
    ok = false;
    await host.clock.until(() => agent.status().checks[0]?.message === "gone", { stepMs: 1000 });
    await healthIs({ checks: [{ ok: false, message: "gone" }, {}] });
    host.gateway.behaviour.refuse = "SERVER_OVERLOADED";
    host.gateway.dropConnections();
    await host.clock.settle(() => agent.status().connection.kind === "waiting");
    await healthIs({ connectedSinceMs: null });
  });

  test("commands are answered, and nothing but the known ones", async () => {
    const levels: string[] = [];
    let restarts = 0;
    await host.connect({ onLogLevel: (level) => levels.push(level), onRestart: () => (restarts += 1) });
    expect(host.gateway.stream()?.hello.capabilities).toEqual([
      "update",
      "diagnostics",
      "log_level",
      "restart",
    ]);
    const ask = async (name: string, args: Record<string, string> = {}) => {
      const commandId = `c-${Math.random().toString(36).slice(2)}`;
      host.gateway.stream()?.send({ kind: "command", commandId, name, arguments: args });
      const answers = () =>
        host.gateway
          .stream()
          ?.reports.flatMap((report) => (report.kind === "command_result" ? [report.result] : [])) ?? [];
      await host.clock.settle(() => answers().some((answer) => answer.commandId === commandId));
      return answers().find((answer) => answer.commandId === commandId);
    };
    expect(await ask("ping")).toMatchObject({ ok: true, output: "pong" });
    expect(await ask("log_level", { level: "debug" })).toMatchObject({ ok: true });
    expect(await ask("log_level", { level: "loud" })).toMatchObject({ ok: false });
    expect(await ask("restart")).toMatchObject({ ok: true });
    expect(await ask("shell", { command: "id" })).toMatchObject({ ok: false, output: "unknown command" });
    const diagnostics = await ask("diagnostics");
    expect(JSON.parse(diagnostics?.output ?? "")).toMatchObject({
      agentId: "agent-1",
      host: { node: process.version },
    });
    expect(diagnostics?.output).not.toContain("PRIVATE KEY");
    expect({ levels, restarts }).toEqual({ levels: ["debug"], restarts: 1 });
  });
});

describe("its certificate", () => {
  test("is renewed at half of its time, with a new key, and the stream moves to it", async () => {
    host.gateway.behaviour.certificateTtlMs = 86_400_000;
    await host.enrol();
    const agent = await host.connect();
    const before = agent.status().certificateExpiresAt;
    await host.clock.until(() => host.gateway.renewals.length > 0, {
      stepMs: 600_000,
      mostMs: 14 * 3_600_000,
    });
    expect(host.clock.now()).toBeGreaterThan(before - 86_400_000 / 2 - 3_600_000);
    await host.clock.until(
      () => host.gateway.streams.length === 2 && agent.status().connection.kind === "open",
    );
    expect(agent.status().certificateExpiresAt).toBeGreaterThanOrEqual(before);
  });

  test.each([
    ["days ahead", 2],
    ["days behind", -2],
  ])("is renewed in time, and not again and again, by a clock that is %s", async (_, days) => {
    host.gateway.behaviour.certificateTtlMs = 86_400_000;
    await host.enrol();
    const now = () => host.clock.now() + days * 86_400_000;
    await host.connect({ clock: { ...host.clock, now } });
    const pass = (hours: number) => {
      const endsAt = host.clock.monotonicMs() + hours * 3_600_000;
      return host.clock.until(() => host.clock.monotonicMs() >= endsAt, {
        stepMs: 300_000,
        mostMs: 36_000_000,
      });
    };
    await pass(1);
    await host.clock.settle(() => host.gateway.renewals.length > 0);
    expect(host.gateway.renewals).toHaveLength(1);
    await pass(9);
    expect(host.gateway.renewals).toHaveLength(1);
    await pass(6);
    await host.clock.settle(() => host.gateway.renewals.length > 1);
    expect(host.gateway.renewals).toHaveLength(2);
  });

  test("a renewal that is refused is tried again, and the agent goes on with what it has", async () => {
    host.gateway.behaviour.certificateTtlMs = 3_600_000;
    await host.enrol();
    const agent = await host.connect();
    host.gateway.behaviour.refuseCertificates = "STORE_UNAVAILABLE";
    const refused = () => host.log.filter(({ message }) => message === "certificate not renewed").length;
    await host.clock.until(() => refused() >= 2, { stepMs: 30_000, mostMs: 3_600_000 });
    expect(agent.status().connection.kind).toBe("open");
    host.gateway.behaviour.refuseCertificates = null;
    await host.clock.until(() => host.gateway.renewals.length === 1, { stepMs: 30_000 });
  });
});
