import { boolean, integer, literal, object } from "../parse/decode.ts";
import { nameDecoder, sha256Decoder } from "../release/manifest.ts";
import { versionDecoder, type Version } from "../release/version.ts";
import { idDecoder, limitsDecoder, type ProbationLimits } from "./handoff.ts";

/** DSSE payload type of an assignment. */
export const ASSIGNMENT_PAYLOAD_TYPE = "application/vnd.muster.assignment+json";

/**
 * The controller's signed word that one agent should bring one product to one release. A gateway can withhold it, but
 * not make, change or replay one: the sequence rises for each agent, and an agent takes each number once.
 */
export interface Assignment {
  readonly schema: 1;
  readonly agentId: string;
  readonly targetId: string;
  readonly rolloutId: string;
  readonly product: string;
  readonly version: Version;
  readonly manifestDigest: string;
  /** Rises with every assignment to this agent. */
  readonly sequence: number;
  /** Wall clock, milliseconds since 1970; later the assignment is void. */
  readonly notAfter: number;
  readonly allowDowngrade: boolean;
  readonly limits: ProbationLimits;
}

export const assignmentDecoder = object({
  schema: literal(1),
  agentId: idDecoder,
  targetId: idDecoder,
  rolloutId: idDecoder,
  product: nameDecoder,
  version: versionDecoder,
  manifestDigest: sha256Decoder,
  sequence: integer({ min: 1 }),
  notAfter: integer(),
  allowDowngrade: boolean,
  limits: limitsDecoder,
});
