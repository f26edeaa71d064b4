import {
  asMusterError,
  handoffDecoder,
  idDecoder,
  MANIFEST_MAX_BYTES,
  MusterError,
  nameDecoder,
  parse,
  versionDecoder,
  type Handoff,
  type HostLayout,
} from "@muster/core";
import type { SignedManifest } from "@muster/trust";
import { ensureFolder, PRIVATE_FILE, PRIVATE_FOLDER, writeDurably } from "../fs/durable.ts";
import { entryAt, readSmallFile, readSmallText } from "../fs/reading.ts";
import type { OutcomeSubject } from "../outcomes/outcome-of.ts";
import type { Host } from "../ports.ts";
import { SIGNATURES_MAX_BYTES } from "../versions/kept-manifest.ts";

const HANDOFF_MAX_BYTES = 65_536;

/** What stands in `staging/handoff.json`. */
export type HandoffReading =
  | { readonly kind: "none" }
  | { readonly kind: "read"; readonly handoff: Handoff }
  /** `about` is null when not even the target can be told from it. */
  | {
      readonly kind: "invalid";
      readonly error: MusterError;
      readonly text: string;
      readonly about: Omit<OutcomeSubject, "fromVersion"> | null;
    };

/** Reads the agent's handoff, which may hold anything. */
export function readHandoff({ handoff }: Pick<HostLayout, "handoff">): HandoffReading {
  let text: string | null;
  try {
    text = readSmallText(handoff, { maxBytes: HANDOFF_MAX_BYTES });
  } catch (cause) {
    const problem = asMusterError(cause).message;
    return {
      kind: "invalid",
      error: new MusterError("HANDOFF_INVALID", { problem }, { cause }),
      text: "",
      about: null,
    };
  }
  if (text === null) return { kind: "none" };
  try {
    return { kind: "read", handoff: parse.decodeJson(handoffDecoder, text, "HANDOFF_INVALID") };
  } catch (error) {
    const invalid = asMusterError(error, "HANDOFF_INVALID");
    // The cause of a syntax error quotes the text, which is kept aside but not for logs.
    return {
      kind: "invalid",
      error: new MusterError(invalid.code, invalid.details),
      text,
      about: subjectIn(text),
    };
  }
}

/** The signed manifest that was handed over, not verified yet. Throws `HANDOFF_INVALID` if it is not there. */
export function readStagedManifest(layout: HostLayout): SignedManifest {
  return {
    manifest: staged(layout.stagedManifest, MANIFEST_MAX_BYTES),
    signatures: staged(layout.stagedSignature, SIGNATURES_MAX_BYTES),
  };
}

/** Keeps a handoff that was refused for people to look at. */
export function setHandoffAside({ fs, layout }: Host, text: string): void {
  ensureFolder(fs, layout.setAside, PRIVATE_FOLDER);
  writeDurably(fs, `${layout.setAside}/handoff.json`, new TextEncoder().encode(text), PRIVATE_FILE);
}

/**
 * Removes what was handed over, the handoff itself last: cut off in between, it is still there to be discarded, and the
 * target has its outcome (or the journal has it under way), so it is not taken up twice. Only these four names: the rest
 * of the folder is the agent's. A folder that stands in their place is left, if it is not empty.
 */
export function discardHandoff({ fs, layout, say }: Host): void {
  const { handoff, stagedManifest, stagedSignature, stagedArchive } = layout;
  const remove = (path: string) => {
    const entry = entryAt(path);
    if (entry === null) return;
    try {
      if (entry.isDirectory()) fs.removeFolder(path);
      else fs.removeFile(path);
    } catch (error) {
      say(`${path} cannot be removed: ${asMusterError(error).message}`);
    }
  };
  for (const path of [stagedArchive, stagedManifest, stagedSignature]) remove(path);
  fs.syncFolder(layout.staging);
  remove(handoff);
  fs.syncFolder(layout.staging);
}

function staged(path: string, maxBytes: number): Uint8Array {
  try {
    const bytes = readSmallFile(path, { maxBytes });
    if (bytes !== null) return bytes;
  } catch (cause) {
    throw new MusterError("HANDOFF_INVALID", { problem: asMusterError(cause).message }, { cause });
  }
  throw new MusterError("HANDOFF_INVALID", { path, problem: "is missing" });
}

const subjectFields = { targetId: idDecoder, product: nameDecoder, toVersion: versionDecoder };

/** As much of a bad handoff as an outcome needs; null if that is not to be had. */
function subjectIn(text: string): Omit<OutcomeSubject, "fromVersion"> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const at = (name: string) => Object.getOwnPropertyDescriptor(value, name)?.value as unknown;
    const subject = { targetId: at("targetId"), product: at("product"), toVersion: at("version") };
    return parse.decode(parse.object(subjectFields), subject, "HANDOFF_INVALID");
  } catch (error) {
    if (error instanceof MusterError || error instanceof SyntaxError) return null;
    throw error;
  }
}
