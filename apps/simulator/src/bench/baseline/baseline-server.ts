import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { MusterError } from "@muster/core";
import type { BaselineConfig, BaselineListening, BaselineRequest } from "./messages.ts";

/** A baseline in a process of its own. */
export class BaselineServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Starts it; `program` serves baselines when it is called with `baseline`. */
  static async start(program: string, config: BaselineConfig): Promise<BaselineServer> {
    const child = fork(program, ["baseline"]);
    const listening = once(child, "message");
    const failed = once(child, "exit").then(() => {
      throw new MusterError("INTERNAL_UNEXPECTED", { problem: "the baseline's process ended" });
    });
    tell(child, { kind: "configure", config });
    const [{ port }] = (await Promise.race([listening, failed])) as [BaselineListening];
    failed.catch(() => undefined);
    return new BaselineServer(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  push(bytes: number): void {
    tell(this.#child, { kind: "push", bytes });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    await gone;
  }
}

function tell(child: ChildProcess, request: BaselineRequest): void {
  child.send(request);
}
