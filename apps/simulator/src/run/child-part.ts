import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { isErrorCode, MusterError } from "@muster/core";
import type { RunOptions } from "../arguments/run-arguments.ts";
import type { FleetPart } from "../fleet/part.ts";
import type { Slice } from "./own-part.ts";
import type { PartAnswer, PartRequest } from "./part-messages.ts";

/** Agents in a process of their own; `program` serves parts when it is called with `part`. */
export async function childPart(program: string, options: RunOptions, slice: Slice): Promise<FleetPart> {
  const child = fork(program, ["part"]);
  // One question at a time.
  let last: Promise<unknown> = Promise.resolve();
  const ask = (request: PartRequest): Promise<PartAnswer> => {
    const answer = last.then(() => question(child, request));
    last = answer.catch(() => undefined);
    return answer;
  };
  const part: FleetPart = {
    enrol: async () => void (await ask({ kind: "enrol" })),
    connect: async () => void (await ask({ kind: "connect" })),
    census: async () => {
      const answer = await ask({ kind: "census" });
      if (answer.kind !== "census") throw new MusterError("INTERNAL_UNEXPECTED", { answer: answer.kind });
      return answer.census;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      if (child.connected) child.disconnect();
      await gone;
    },
  };
  try {
    await ask({ kind: "prepare", options, slice });
    return part;
  } catch (error) {
    await part.stop();
    throw error;
  }
}

function question(child: ChildProcess, request: PartRequest): Promise<PartAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off("message", answered).off("exit", ended);
      act();
    };
    const answered = (answer: PartAnswer) => {
      settle(() => (answer.kind === "failed" ? reject(failureOf(answer)) : resolve(answer)));
    };
    const ended = () => {
      settle(() => reject(new MusterError("INTERNAL_UNEXPECTED", { problem: "a process of agents ended" })));
    };
    child.on("message", answered).on("exit", ended);
    child.send(request);
  });
}

function failureOf({ code, problem }: Extract<PartAnswer, { readonly kind: "failed" }>): MusterError {
  return new MusterError(isErrorCode(code) ? code : "INTERNAL_UNEXPECTED", { problem });
}
