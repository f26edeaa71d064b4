import { asMusterError, MusterError } from "@muster/core";
import type { FleetPart } from "../fleet/part.ts";
import { ownPart } from "./own-part.ts";
import type { PartAnswer, PartRequest } from "./part-messages.ts";

/** How a process of agents talks with the one that started it. */
export interface PartChannel {
  receive(handle: (request: PartRequest) => void): void;
  send(answer: PartAnswer): void;
}

/** Does what the starting process asks, one thing after the other. */
export function servePart(channel: PartChannel): void {
  let part: FleetPart | null = null;
  const answer = async (request: PartRequest): Promise<PartAnswer> => {
    if (request.kind === "prepare") {
      part = await ownPart(request.options, request.slice);
      return { kind: "done" };
    }
    if (!part) throw new MusterError("INTERNAL_UNEXPECTED", { problem: "it has no agents yet" });
    if (request.kind === "census") return { kind: "census", census: await part.census() };
    await part[request.kind]();
    return { kind: "done" };
  };
  const serve = async (request: PartRequest) => {
    try {
      channel.send(await answer(request));
    } catch (error) {
      const { code, message } = asMusterError(error);
      channel.send({ kind: "failed", code, problem: message });
    }
  };
  channel.receive((request) => void serve(request));
}
