import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostLayout, type HostLayout } from "@muster/core";
import type { AgentOptions, RunningAgent } from "../agent-options.ts";
import { enrolHost } from "../enrol/enrol-host.ts";
import type { AgentLog, LogFields } from "../ports.ts";
import { startAgent } from "../start-agent.ts";
import { startFakeGateway, type FakeGateway } from "./fake-gateway.ts";
import { createManualClock, type ManualAgentClock } from "./manual-clock.ts";
import { createReleaseSigner, signRelease, type ReleaseSigner, type TestRelease } from "./signed-release.ts";

/** A host with folders of its own, a gateway, and whatever agents were started on it. */
export interface TestHost {
  readonly layout: HostLayout;
  readonly clock: ManualAgentClock;
  readonly gateway: FakeGateway;
  readonly signer: ReleaseSigner;
  readonly log: readonly LogLine[];
  readonly packageFolder: string;
  /** Enrols, also a host that is enrolled. */
  enrol(): Promise<void>;
  start(change?: Partial<AgentOptions>): Promise<RunningAgent>;
  /** Starts an agent and waits for its stream. */
  connect(change?: Partial<AgentOptions>): Promise<RunningAgent>;
  release(archive: Buffer, change?: Parameters<typeof signRelease>[2]): TestRelease;
  json(path: string): Promise<unknown>;
  write(path: string, value: unknown): Promise<void>;
  close(): Promise<void>;
}

export interface LogLine {
  readonly level: keyof AgentLog;
  readonly message: string;
  readonly fields: LogFields;
}

export async function createTestHost(): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), "muster-agent-sdk-"));
  const layout = hostLayout(join(folder, "root"));
  const packageFolder = join(folder, "package");
  const clock = createManualClock();
  const gateway = await startFakeGateway();
  const signer = createReleaseSigner();
  const agents: RunningAgent[] = [];
  const log: LogLine[] = [];
  const keep =
    (level: keyof AgentLog) =>
    (message: string, fields: LogFields = {}) =>
      void log.push({ level, message, fields });
  await mkdir(packageFolder, { recursive: true });
  await mkdir(layout.root, { recursive: true });
  await writeFile(`${packageFolder}/trust-anchor.json`, signer.anchor);

  const start = async (change: Partial<AgentOptions> = {}) => {
    const agent = await startAgent({
      root: layout.root,
      version: "1.0.0",
      packageFolder,
      clock,
      random: () => 0.5,
      log: { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") },
      ...change,
    });
    agents.push(agent);
    return agent;
  };
  return {
    layout,
    clock,
    gateway,
    signer,
    log,
    packageFolder,
    enrol: async () => {
      const { address: server } = gateway;
      const { root } = layout;
      const token = gateway.token();
      await enrolHost({ root, server, token, product: "acme-agent", hostname: "web-1", force: true });
    },
    start,
    connect: async (change) => {
      const before = gateway.streams.length;
      const agent = await start(change);
      await clock.settle(() => gateway.streams.length > before && agent.status().connection.kind === "open");
      return agent;
    },
    release: (archive, change) => signRelease(signer, archive, change),
    json: async (path) => JSON.parse(await readFile(path, "utf8")) as unknown,
    write: async (path, value) => {
      await mkdir(join(path, ".."), { recursive: true });
      await writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
    },
    close: async () => {
      for (const agent of agents) await agent.stop();
      await gateway.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
