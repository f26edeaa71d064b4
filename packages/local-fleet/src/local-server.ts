import { readdir } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { Program } from "./program.ts";

/** Where a server runs, if not on this machine's own network. */
export interface ServerPlace {
  /** The command with which a program is started there. */
  readonly within: (command: readonly [string, ...string[]]) => readonly [string, ...string[]];
  /** Its address for hosts. */
  readonly address: string;
  /** Makes a port that listens on the loopback there reachable here, and gives where. */
  readonly forward: (port: number) => Promise<string>;
}

export interface LocalServerOptions {
  /** Its `main`. */
  readonly program: readonly [string, ...string[]];
  readonly dataFolder: string;
  readonly trustAnchor: string;
  /** This machine unless given. */
  readonly place?: ServerPlace;
}

interface Ports {
  readonly http: number;
  readonly gateway: number;
  /** Where the API is, seen from here. */
  readonly reachable: string;
}

const LOOPBACK = "127.0.0.1";

/** The server as a real process on ports of its own, which a restart keeps. */
export class LocalServer {
  readonly url: string;
  readonly gateway: string;
  readonly #command: readonly [string, ...string[]];
  readonly #dataFolder: string;
  #program: Program | null = null;
  #token: string | null = null;

  private constructor(options: LocalServerOptions, ports: Ports) {
    const { http, gateway, reachable } = ports;
    const { place } = options;
    const address = place?.address ?? LOOPBACK;
    this.url = `http://${reachable}`;
    this.gateway = `${address}:${gateway}`;
    this.#dataFolder = options.dataFolder;
    this.#command = [
      ...(place?.within(options.program) ?? options.program),
      "--data",
      options.dataFolder,
      "--trust-anchor",
      options.trustAnchor,
      "--host",
      LOOPBACK,
      "--http-port",
      String(http),
      "--gateway-port",
      String(gateway),
      "--gateway-name",
      address,
    ];
  }

  static async start(options: LocalServerOptions): Promise<LocalServer> {
    const [http, gateway] = [await freePort(), await freePort()];
    const reachable = (await options.place?.forward(http)) ?? `${LOOPBACK}:${http}`;
    const server = new LocalServer(options, { http, gateway, reachable });
    try {
      const program = await server.restart();
      const [, token = ""] = await program.line(/Administrator token: (\S+)/);
      server.#token = token;
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Starts it, again if it was stopped or killed; resolves when it is ready. */
  async restart(): Promise<Program> {
    this.#program = new Program(this.#command);
    await this.#program.line(/Ready/);
    return this.#program;
  }

  /** The administrator's token of the first start. */
  get token(): string {
    if (this.#token === null) throw new Error("the server has not started");
    return this.#token;
  }

  get program(): Program {
    if (!this.#program) throw new Error("the server has not started");
    return this.#program;
  }

  /** The file in which the object store keeps an artifact. */
  async objectPath(sha256: string): Promise<string> {
    const entries = await readdir(this.#dataFolder, { recursive: true });
    const found = entries.find((entry) => basename(entry) === sha256);
    if (found === undefined) throw new Error(`the object store has no ${sha256}`);
    return join(this.#dataFolder, found);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.#program?.stop(signal);
  }
}

/** A port that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
