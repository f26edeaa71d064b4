import {
  artifactFor,
  asMusterError,
  MusterError,
  requireInstallable,
  type Artifact,
  type Assignment,
  type Platform,
  type Version,
} from "@muster/core";
import type { AssignOrder } from "@muster/protocol/agent";
import { verifyAssignment, verifyManifest, type TrustAnchor } from "@muster/trust";
import type { Job, Refusal } from "../agent/agent-state.ts";

/** What an assignment is held against. */
export interface Receiver {
  readonly agentId: string;
  readonly product: string;
  readonly version: Version;
  readonly platform: Platform;
  readonly assignmentKey: Uint8Array;
  readonly anchor: TrustAnchor;
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
}

export type CheckedAssignment =
  | { readonly kind: "assigned"; readonly job: Job }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** It is not from the controller, not for this agent, or too old: nobody is to be answered. */
  | { readonly kind: "ignored"; readonly problem: MusterError };

/** Verifies an assignment and the manifest with it as an agent does, in the same order. */
export function checkAssignment(order: AssignOrder, receiver: Receiver): CheckedAssignment {
  let assignment: Assignment;
  try {
    assignment = genuineAssignment(order, receiver);
  } catch (error) {
    return { kind: "ignored", problem: asMusterError(error) };
  }
  const { targetId, sequence, product, version: toVersion, limits } = assignment;
  try {
    const { sha256, size: sizeBytes } = checkedArtifact(order, assignment, receiver);
    const { downloadPath } = order;
    const { stabilizationMs } = limits;
    const fromVersion = receiver.version;
    const target = { targetId, sequence, product, fromVersion, toVersion };
    return { kind: "assigned", job: { ...target, downloadPath, sha256, sizeBytes, stabilizationMs } };
  } catch (error) {
    const { code, message } = asMusterError(error);
    return { kind: "refused", refusal: { targetId, sequence, product, toVersion, code, message } };
  }
}

function genuineAssignment(order: AssignOrder, { assignmentKey, agentId, now }: Receiver): Assignment {
  const signed = { assignment: order.assignment, signature: order.assignmentSignature };
  const assignment = verifyAssignment(signed, assignmentKey);
  if (assignment.agentId !== agentId) {
    throw new MusterError("ASSIGNMENT_INVALID", { problem: "is for another agent" });
  }
  if (now >= assignment.notAfter) {
    throw new MusterError("ASSIGNMENT_EXPIRED", { notAfter: assignment.notAfter });
  }
  return assignment;
}

function checkedArtifact(
  { manifest: bytes, manifestSignatures: signatures }: AssignOrder,
  { manifestDigest, allowDowngrade, product, version }: Assignment,
  receiver: Receiver,
): Artifact {
  const { manifest, digest } = verifyManifest({ manifest: bytes, signatures }, receiver.anchor);
  if (digest !== manifestDigest) {
    throw new MusterError("MANIFEST_DIGEST_MISMATCH", { expected: manifestDigest, actual: digest });
  }
  if (manifest.product !== product || manifest.version !== version) {
    throw new MusterError("ASSIGNMENT_INVALID", { problem: "names another release than its manifest" });
  }
  requireInstallable(
    { manifest, manifestDigest, allowDowngrade },
    { product: receiver.product, version: receiver.version, floor: null, bad: [] },
  );
  return artifactFor(manifest, receiver.platform);
}
