import { parseToken } from "@muster/trust";
import { createKeyAndRequest, readClientCertificate } from "@muster/trust/x509";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AgentHeartbeat, EnrolmentRequest } from "../gateway/ports.ts";
import { aHello, createTestPlane, type TestPlane } from "../testing/plane.ts";
import { aRelease, anArtifact } from "../testing/rows.ts";

const ACTOR = { name: "tester", role: "operator" } as const;
const DAY = 86_400_000;
let lab: TestPlane;

beforeEach(async () => {
  lab = await createTestPlane();
});
afterEach(async () => {
  await lab.close();
  const [error] = lab.errors;
  if (error !== undefined) throw error;
});

const desk = () => lab.plane.desk;
const agents = () => lab.plane.agents;

async function request(change: Partial<EnrolmentRequest> = {}): Promise<EnrolmentRequest> {
  const { token } = await lab.plane.tokens.create({}, ACTOR);
  return {
    token,
    csr: createKeyAndRequest().csr,
    product: "app",
    hostname: "web-1",
    labels: {},
    ...change,
  };
}

const heartbeat = (change: Partial<AgentHeartbeat> = {}): AgentHeartbeat => ({
  clockSkewMs: 5,
  telemetry: {
    cpu: 0.5,
    memoryUsedBytes: 1,
    memoryTotalBytes: 2,
    diskFreeBytes: 3,
    diskTotalBytes: 4,
    uptimeSeconds: 5,
  },
  policy: null,
  ...change,
});

describe("enrolment", () => {
  test("gives a host an id and a certificate of it, and knows it from then on", async () => {
    const enrolment = await desk().enrol(await request({ labels: { env: "test" } }));
    const certificate = readClientCertificate(enrolment.certificate);
    expect(certificate).toMatchObject({ agentId: enrolment.agentId, generation: 1 });
    expect(enrolment.expiresAt).toBe(certificate.expiresAt);
    expect(enrolment.assignmentKey).toHaveLength(32);
    desk().admit({ ...certificate });
    expect(await agents().read(enrolment.agentId)).toMatchObject({
      hostname: "web-1",
      version: null,
      online: false,
      labels: { env: "test" },
    });
  });

  test("uses a token as often as it allows, also when many hosts come at once", async () => {
    const { token } = await lab.plane.tokens.create({ maxUses: 3 }, ACTOR);
    const one = await request();
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => desk().enrol({ ...one, token })),
    );
    const refusals = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(refusals.map((refusal: { code?: unknown }) => refusal.code)).toEqual(
      Array.from({ length: 3 }, () => "TOKEN_EXHAUSTED"),
    );
    const { items } = await lab.plane.tokens.list({ limit: 10 });
    expect(items.find(({ id }) => id === parseToken(token).tokenId)).toMatchObject({ uses: 3, maxUses: 3 });
  });

  test("a request that cannot be certified costs the token nothing", async () => {
    const bad = await request({ csr: new Uint8Array([1, 2, 3]) });
    await expect(desk().enrol(bad)).rejects.toMatchObject({ code: "CSR_INVALID" });
    await desk().enrol({ ...bad, csr: createKeyAndRequest().csr });
    expect((await agents().list({ limit: 10 })).total).toBe(1);
  });

  test("refuses a token that is forged, expired, revoked, or for another product", async () => {
    const good = await request();
    const other = parseToken((await request()).token);
    const forged = good.token.replace(parseToken(good.token).secret, other.secret);
    await expect(desk().enrol({ ...good, token: forged })).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    await expect(desk().enrol({ ...good, token: "nonsense" })).rejects.toMatchObject({
      code: "TOKEN_INVALID",
    });
    const bound = await lab.plane.tokens.create({ product: "sidecar" }, ACTOR);
    await expect(desk().enrol({ ...good, token: bound.token })).rejects.toMatchObject({
      code: "TOKEN_INVALID",
    });
    await lab.plane.tokens.revoke(bound.id);
    await expect(desk().enrol({ ...good, product: "sidecar", token: bound.token })).rejects.toMatchObject({
      code: "TOKEN_INVALID",
    });
    lab.clock.goTo(lab.clock.now() + DAY);
    await expect(desk().enrol(good)).rejects.toMatchObject({ code: "TOKEN_EXPIRED" });
    expect((await agents().list({ limit: 10 })).total).toBe(0);
  });

  test("labels of the token win over what the host asks for and later says", async () => {
    const { token } = await lab.plane.tokens.create({ labels: { env: "production" } }, ACTOR);
    const { agentId } = await desk().enrol(await request({ token, labels: { env: "test", rack: "7" } }));
    expect((await agents().read(agentId)).labels).toEqual({ env: "production", rack: "7" });
    await desk().connected(aHello(agentId, { labels: { env: "test", rack: "8", role: "db" } }));
    expect((await agents().read(agentId)).labels).toEqual({ env: "production", rack: "8", role: "db" });
    const found = await agents().list({ limit: 10, labels: "env=production,rack=8,role" });
    expect(found.total).toBe(1);
    expect((await agents().list({ limit: 10, labels: "rack=7" })).total).toBe(0);
  });
});

describe("certificates", () => {
  test("are renewed one generation up; the one before is good until the new one is in use, older ones are not", async () => {
    const identity = await lab.enrol();
    const { csr } = createKeyAndRequest();
    const second = readClientCertificate((await desk().renew(identity, csr)).certificate);
    expect(second.generation).toBe(2);
    desk().admit(identity);
    const third = readClientCertificate((await desk().renew(second, csr)).certificate);
    desk().admit(second);
    desk().admit(third);
    expect(() => desk().admit(identity)).toThrow(expect.objectContaining({ code: "AGENT_REVOKED" }));
    await expect(desk().renew(identity, csr)).rejects.toMatchObject({ code: "AGENT_REVOKED" });
  });

  test("a renewal whose answer was lost can be asked for again, any number of times", async () => {
    const identity = await lab.enrol();
    const { csr } = createKeyAndRequest();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const issued = await desk().renew(identity, csr);
      expect(readClientCertificate(issued.certificate).generation).toBe(2);
    }
  });

  test("of a revoked agent are refused at once, its stream is ended, and it counts nowhere", async () => {
    const identity = await lab.enrol();
    await desk().connected(aHello(identity.agentId));
    await agents().revoke(identity.agentId);
    await agents().revoke(identity.agentId);
    expect(() => desk().admit(identity)).toThrow(expect.objectContaining({ code: "AGENT_REVOKED" }));
    await expect(desk().renew(identity, createKeyAndRequest().csr)).rejects.toMatchObject({
      code: "AGENT_REVOKED",
    });
    expect(lab.sent.get(identity.agentId)).toContainEqual({ kind: "disconnect", code: "AGENT_REVOKED" });
    expect((await agents().overview()).agents).toBe(0);
    expect((await agents().list({ limit: 10 })).total).toBe(0);
    const revoked = await agents().list({ limit: 10, revoked: "true" });
    expect(revoked.items[0]).toMatchObject({ id: identity.agentId, revoked: true });
  });

  test("of agents that nobody enrolled are refused", () => {
    expect(() => desk().admit({ agentId: "x", generation: 1, expiresAt: 0 })).toThrow(
      expect.objectContaining({ code: "AGENT_NOT_FOUND" }),
    );
  });
});

describe("a stream", () => {
  test("makes its agent online with what its hello says, and offline when it ends", async () => {
    const { agentId } = await lab.enrol();
    await desk().connected(aHello(agentId, { version: "1.2.3", arch: "arm64", clockSkewMs: -7 }));
    expect(await agents().read(agentId)).toMatchObject({
      online: true,
      version: "1.2.3",
      arch: "arm64",
      clockSkewMs: -7,
      lastSeenAt: lab.clock.now(),
    });
    desk().disconnected(agentId);
    await lab.run(2000);
    expect(await agents().read(agentId)).toMatchObject({ online: false, version: "1.2.3" });
    expect(lab.changes).toContainEqual({ kind: "agent", agentId });
  });

  test("that says hello for another product than it was enrolled for is refused", async () => {
    const { agentId } = await lab.enrol();
    await expect(desk().connected(aHello(agentId, { product: "other" }))).rejects.toMatchObject({
      code: "AGENT_IDENTITY_MISMATCH",
    });
    expect((await agents().read(agentId)).online).toBe(false);
  });

  test("that cannot be recorded leaves its agent offline, also if it was online before", async () => {
    const { agentId } = await lab.enrol();
    await desk().connected(aHello(agentId));
    lab.watched.killAt({ commit: 1, when: "before", isFatal: false });
    await expect(desk().connected(aHello(agentId))).rejects.toThrow("before the commit");
    await lab.run(2000);
    expect((await agents().read(agentId)).online).toBe(false);
  });

  test("many that come at once are recorded in a few transactions", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 50; index += 1) ids.push((await lab.enrol()).agentId);
    const before = lab.watched.commits();
    await Promise.all(ids.map((id) => desk().connected(aHello(id))));
    expect(lab.watched.commits() - before).toBeLessThanOrEqual(2);
    expect((await agents().overview()).online).toBe(50);
  });

  test("heartbeats are written together, the newest of each agent, once a second", async () => {
    const { agentId } = await lab.enrol();
    await desk().connected(aHello(agentId));
    const before = lab.watched.commits();
    const policy = { updates: false, maintenance: true };
    desk().heartbeat(agentId, heartbeat({ policy }));
    desk().heartbeat(agentId, heartbeat({ clockSkewMs: 9 }));
    expect((await agents().read(agentId)).telemetry).toBeNull();
    await lab.run(1000);
    expect(lab.watched.commits() - before).toBe(1);
    expect(await agents().read(agentId)).toMatchObject({
      clockSkewMs: 9,
      telemetry: { cpu: 0.5, uptimeSeconds: 5 },
      policy: { updates: false, maintenance: true },
      lastSeenAt: lab.clock.now() - 1000,
    });
  });

  test("a host that has taken a higher sequence than the database knows is assigned still higher ones", async () => {
    const { agentId } = await lab.enrol();
    await desk().connected(aHello(agentId, { lastSequence: 41 }));
    const row = await lab.watched.db.selectFrom("agents").select("sequence").executeTakeFirst();
    expect(row?.sequence).toBe(41);
    await desk().connected(aHello(agentId, { lastSequence: Number.MAX_SAFE_INTEGER }));
    const after = await lab.watched.db.selectFrom("agents").select("sequence").executeTakeFirst();
    expect(after?.sequence).toBe(41);
  });
});

describe("an artifact", () => {
  test("is only for the agent whose target under way it is", async () => {
    const { db } = lab.watched;
    await db.insertInto("releases").values(aRelease("2.0.0")).execute();
    await db.insertInto("artifacts").values(anArtifact("2.0.0")).execute();
    const [one, two] = [await lab.enrol(), await lab.enrol()];
    for (const { agentId } of [one, two]) await desk().connected(aHello(agentId));
    const { id } = await lab.plane.rollouts.create(
      {
        product: "app",
        version: "2.0.0",
        cohort: { kind: "agents", ids: [one.agentId] },
        strategy: { kind: "immediate" },
      },
      ACTOR,
    );
    const [waiting] = (await lab.plane.rollouts.targets(id, { limit: 10 })).items;
    const targetId = waiting?.id ?? "";
    const notAllowed = expect.objectContaining({ code: "DOWNLOAD_NOT_ALLOWED" });
    await expect(desk().artifactOf(one.agentId, targetId)).rejects.toEqual(notAllowed);
    await lab.run(1000);
    expect(await desk().artifactOf(one.agentId, targetId)).toEqual({
      sha256: "1".repeat(64),
      sizeBytes: 1000,
    });
    await expect(desk().artifactOf(two.agentId, targetId)).rejects.toEqual(notAllowed);
    expect(() =>
      desk().progress(two.agentId, { targetId, stage: "verifying", receivedBytes: 0, totalBytes: 0 }),
    ).toThrow(expect.objectContaining({ code: "TARGET_UNKNOWN" }));
  });
});
