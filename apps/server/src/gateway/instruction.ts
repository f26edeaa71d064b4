import type { Instruction } from "@muster/fleet";
import { artifactPath, encodeGatewayMessage } from "@muster/protocol/agent";

/** An instruction that is sent, as the message it becomes. */
export function encodeInstruction(instruction: Exclude<Instruction, { kind: "disconnect" }>): Buffer {
  switch (instruction.kind) {
    case "assign":
      return encodeGatewayMessage({ ...instruction, downloadPath: artifactPath(instruction.targetId) });
    case "cancel":
    case "command":
      break;
  }
  return encodeGatewayMessage(instruction);
}
