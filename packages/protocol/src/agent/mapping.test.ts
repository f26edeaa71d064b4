import { MusterError, type Outcome } from "@muster/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeEnrolRequest,
  decodeEnrolResponse,
  decodeRenewRequest,
  decodeRenewResponse,
  encodeEnrolRequest,
  encodeEnrolResponse,
} from "./enrolment.ts";
import { decodeAgentMessage, encodeAgentMessage, type AgentReport, type HelloReport } from "./from-agent.ts";
import { decodeGatewayMessage, encodeGatewayMessage, type GatewayOrder } from "./from-gateway.ts";
import { AgentMessage, GatewayMessage } from "./gen/muster/agent/v1/agent.ts";

const HELLO: HelloReport = {
  agentId: "agent-1",
  hostname: "web-1.example",
  product: "acme-agent",
  version: "1.2.3",
  os: "linux",
  arch: "amd64",
  labels: { env: "production" },
  capabilities: ["update"],
  policy: { updates: true, maintenance: false, channels: ["stable"], minimumVersion: "1.0.0" },
  bootId: "boot",
  sentAt: 1_700_000_000_000,
  lastSequence: 7,
  targetId: null,
};

const OUTCOME: Outcome = {
  schema: 1,
  targetId: "t1",
  product: "acme-agent",
  result: "rolled_back",
  survivingVersion: "1.0.0",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  code: "PROBATION_CRASHED",
  message: "it ended 3 times",
  outputTail: "panic",
  endedAt: 1_700_000_000_000,
  downtimeMs: 812,
};

const REPORTS: readonly AgentReport[] = [
  { kind: "hello", hello: HELLO },
  { kind: "hello", hello: { ...HELLO, timeZone: "Europe/Berlin" } },
  { kind: "hello", hello: { ...HELLO, recovery: { fromVersion: "1.1.0", toVersion: "1.0.0", at: 7 } } },
  { kind: "hello", hello: { ...HELLO, targetId: "t1", policy: { updates: false, maintenance: true } } },
  {
    kind: "heartbeat",
    heartbeat: {
      sentAt: 5,
      cpu: 0.25,
      memoryUsed: 1,
      memoryTotal: 2,
      diskFree: 2 ** 45,
      diskTotal: 2 ** 46,
      uptime: 9,
      policy: { updates: true, maintenance: false },
    },
  },
  {
    kind: "progress",
    progress: { targetId: "t1", stage: "downloading", receivedBytes: 3, totalBytes: 2 ** 33 },
  },
  { kind: "outcome", outcome: OUTCOME },
  {
    kind: "outcome",
    outcome: {
      ...OUTCOME,
      result: "healthy",
      code: null,
      survivingVersion: null,
      fromVersion: null,
      downtimeMs: null,
    },
  },
  { kind: "command_result", result: { commandId: "c1", ok: true, output: "pong" } },
];

const ORDERS: readonly GatewayOrder[] = [
  { kind: "welcome", sentAt: 1, heartbeatIntervalMs: 15_000 },
  {
    kind: "assign",
    assignment: Buffer.from("{}"),
    assignmentSignature: Buffer.alloc(64, 1),
    manifest: Buffer.from("{}"),
    manifestSignatures: Buffer.from("{}"),
    downloadPath: "/v1/targets/t1/artifact",
  },
  { kind: "cancel", targetId: "t1" },
  { kind: "configuration_changed", revision: 3 },
  { kind: "command", commandId: "c1", name: "log_level", arguments: { level: "debug" } },
  { kind: "reconnect", delayMs: 500 },
  { kind: "outcome_acknowledged", targetId: "t1" },
];

describe("an agent's messages", () => {
  test.each(REPORTS.map((report) => [report.kind, report] as const))(
    "%s comes back as it was",
    (_, report) => {
      expect(decodeAgentMessage(encodeAgentMessage(report))).toEqual(report);
    },
  );

  test.each<[string, Partial<HelloReport>]>([
    ["agentId", { agentId: "../etc" }],
    ["agentId", { agentId: "" }],
    ["hostname", { hostname: "a\nb" }],
    ["product", { product: "Acme Agent" }],
    ["version", { version: "v1.2.3" }],
    ["version", { version: "1.2" }],
    ["labels.env", { labels: { env: "x".repeat(129) } }],
    ["labels", { labels: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`l${n}`, ""])) }],
    ["capabilities[0]", { capabilities: ["rm -rf"] }],
    ["capabilities", { capabilities: Array.from({ length: 33 }, () => "update") }],
    ["bootId", { bootId: "b".repeat(65) }],
    ["sentAt", { sentAt: -1 }],
    ["targetId", { targetId: "a/b" }],
    ["policy.minimumVersion", { policy: { updates: true, maintenance: false, minimumVersion: "latest" } }],
  ])("a hello with a bad %s is refused and the field is named", (field, change) => {
    const wire = encodeAgentMessage({ kind: "hello", hello: { ...HELLO, ...change } });
    expect(() => decodeAgentMessage(wire)).toThrow(
      expect.objectContaining({
        code: "AGENT_MESSAGE_INVALID",
        details: expect.objectContaining({ field: `hello.${field}` }),
      }),
    );
  });

  test("a hello without a policy is refused", () => {
    const { body } = AgentMessage.decode(encodeAgentMessage(REPORTS[0]!));
    if (body?.$case !== "hello") throw new Error("not a hello");
    const bare = AgentMessage.encode({
      body: { ...body, value: { ...body.value, policy: undefined } },
    }).finish();
    expect(() => decodeAgentMessage(bare)).toThrow(
      expect.objectContaining({ code: "AGENT_MESSAGE_INVALID" }),
    );
  });

  test("a policy that allows no channel at all stays one that allows nothing", () => {
    const policy = { updates: true, maintenance: false, channels: [] };
    const decoded = decodeAgentMessage(encodeAgentMessage({ kind: "hello", hello: { ...HELLO, policy } }));
    expect(decoded).toMatchObject({ hello: { policy: { updates: false } } });
  });

  test("an outcome with a code that this version does not know still counts", () => {
    const { body } = AgentMessage.decode(encodeAgentMessage({ kind: "outcome", outcome: OUTCOME }));
    if (body?.$case !== "outcome") throw new Error("not an outcome");
    const wire = AgentMessage.encode({
      body: { ...body, value: { ...body.value, code: "DISK_ON_FIRE" } },
    }).finish();
    expect(decodeAgentMessage(wire)).toMatchObject({
      outcome: { code: "INTERNAL_UNEXPECTED", message: "DISK_ON_FIRE: it ended 3 times" },
    });
  });

  test("a healthy outcome with a code, and a failed one without, are refused", () => {
    const wrong = [
      { ...OUTCOME, result: "healthy" as const },
      { ...OUTCOME, code: null },
    ];
    for (const outcome of wrong) {
      const wire = encodeAgentMessage({ kind: "outcome", outcome });
      expect(() => decodeAgentMessage(wire)).toThrow(
        expect.objectContaining({ code: "AGENT_MESSAGE_INVALID" }),
      );
    }
  });

  test("a number beyond what JavaScript counts exactly is refused", () => {
    // heartbeat { memory_used: 2^63 }
    const wire = Buffer.from([0x12, 0x0b, 0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
    expect(() => decodeAgentMessage(wire)).toThrow(
      expect.objectContaining({ code: "AGENT_MESSAGE_INVALID" }),
    );
  });

  test("a kind of message from the future is null", () => {
    expect(decodeAgentMessage(Buffer.from([0xfa, 0x01, 0x00]))).toBeNull();
    expect(decodeAgentMessage(Buffer.alloc(0))).toBeNull();
  });
});

describe("a gateway's messages", () => {
  test.each(ORDERS.map((order) => [order.kind, order] as const))("%s comes back as it was", (_, order) => {
    expect(decodeGatewayMessage(encodeGatewayMessage(order))).toEqual(order);
  });

  test.each([
    "//evil.example/x",
    "https://evil.example/x",
    "/v1/../secret",
    "/v1/targets/t1/artifact?x=1",
    "@evil.example/",
    "",
  ])("a download path that could lead elsewhere is refused: %j", (downloadPath) => {
    const assign = ORDERS.find((order) => order.kind === "assign")!;
    const wire = encodeGatewayMessage({ ...assign, downloadPath });
    expect(() => decodeGatewayMessage(wire)).toThrow(
      expect.objectContaining({ code: "AGENT_MESSAGE_INVALID" }),
    );
  });
});

describe("enrolment", () => {
  const request = {
    token: "muster1.a.b.c",
    csr: Buffer.alloc(200, 7),
    product: "acme-agent",
    hostname: "web-1",
    labels: { env: "test" },
  };
  const grant = {
    agentId: "a1",
    certificate: Buffer.alloc(500, 1),
    caCertificate: Buffer.alloc(500, 2),
    assignmentKey: Buffer.alloc(32, 3),
    expiresAt: 99,
  };

  test("request and grant come back as they were", () => {
    expect(decodeEnrolRequest(encodeEnrolRequest(request))).toEqual(request);
    expect(decodeEnrolResponse(encodeEnrolResponse(grant))).toEqual(grant);
  });

  test.each([
    { token: "" },
    { token: "x".repeat(257) },
    { csr: Buffer.alloc(0) },
    { csr: Buffer.alloc(5000) },
    { hostname: "" },
    { product: ".." },
    { labels: { "-": "" } },
  ])("a request with %o is refused", (change) => {
    expect(() => decodeEnrolRequest(encodeEnrolRequest({ ...request, ...change }))).toThrow(
      expect.objectContaining({ code: "REQUEST_INVALID" }),
    );
  });
});

describe("whatever comes in", () => {
  const decoders = {
    agent: decodeAgentMessage,
    gateway: decodeGatewayMessage,
    enrolRequest: decodeEnrolRequest,
    enrolResponse: decodeEnrolResponse,
    renewRequest: decodeRenewRequest,
    renewResponse: decodeRenewResponse,
  };
  const genuine = [
    ...REPORTS.map((report) => encodeAgentMessage(report)),
    ...ORDERS.map((order) => encodeGatewayMessage(order)),
  ];

  /** The codes of what was refused, or what else was thrown. */
  function answers(bytes: Uint8Array): readonly unknown[] {
    return Object.values(decoders).flatMap((decode) => {
      try {
        decode(bytes);
        return [];
      } catch (error) {
        return [error instanceof MusterError ? error.code : error];
      }
    });
  }

  function isAnswered(bytes: Uint8Array): boolean {
    return answers(bytes).every((code) => code === "AGENT_MESSAGE_INVALID" || code === "REQUEST_INVALID");
  }

  test("random bytes are read or refused with a code, never anything else", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), isAnswered), { numRuns: 2000 });
  });

  test("genuine messages with bytes changed, cut or doubled are too", () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(...genuine),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.nat(),
      )
      .map(([message, changes, cut]) => {
        const bytes = Buffer.from(message);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return Buffer.concat([bytes.subarray(0, 1 + (cut % bytes.length)), bytes.subarray(0, cut % 3)]);
      });
    fc.assert(fc.property(damaged, isAnswered), { numRuns: 4000 });
  });

  test("deeply nested groups do not exhaust the stack", () => {
    expect(isAnswered(Buffer.alloc(100_000, 0x0b))).toBe(true);
  });

  test("a map key that names the prototype changes no prototype", () => {
    const { body } = AgentMessage.decode(encodeAgentMessage(REPORTS[0]!));
    if (body?.$case !== "hello") throw new Error("not a hello");
    const labels = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
    const wire = AgentMessage.encode({ body: { ...body, value: { ...body.value, labels } } }).finish();
    expect(isAnswered(wire)).toBe(true);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    expect(GatewayMessage.decode(Buffer.alloc(0)).body).toBeUndefined();
  });
});
