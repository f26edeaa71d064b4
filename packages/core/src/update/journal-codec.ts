import { MusterError } from "../errors.ts";
import { crc32 } from "../parse/crc32.ts";
import {
  array,
  decodeJson,
  integer,
  literal,
  nullable,
  object,
  optional,
  string,
  variants,
  type Decoder,
} from "../parse/decode.ts";
import { nameDecoder, sha256Decoder } from "../release/manifest.ts";
import { versionDecoder } from "../release/version.ts";
import { idDecoder, limitsDecoder } from "./handoff.ts";
import type { Journal } from "./host.ts";
import { BAD_MAX } from "./journal.ts";
import { MESSAGE_MAX, errorCodeDecoder } from "./outcome.ts";

/** A journal is never larger; a longer file is damaged. */
export const JOURNAL_MAX_BYTES = 65_536;

/** The two files a journal alternates between. */
export type JournalSlot = "a" | "b";

const bootIdDecoder = string({ min: 1, max: 64 });
const hostTimeDecoder = object({ bootId: bootIdDecoder, monotonicMs: integer(), wallMs: integer() });

const attemptDecoder = object({
  targetId: idDecoder,
  product: nameDecoder,
  fromVersion: nullable(versionDecoder),
  toVersion: versionDecoder,
  manifestDigest: sha256Decoder,
  floor: nullable(versionDecoder),
  limits: limitsDecoder,
  startedAt: integer(),
});

const probationDecoder = object({
  bootId: bootIdDecoder,
  lastSeenMs: integer(),
  spentMs: integer(),
  boots: integer(),
  healthySinceMs: nullable(integer()),
  switched: hostTimeDecoder,
});

const stateDecoder = variants({
  steady: object({ kind: literal("steady") }),
  staged: object({ kind: literal("staged"), attempt: attemptDecoder }),
  activating: object({ kind: literal("activating"), attempt: attemptDecoder }),
  probation: object({ kind: literal("probation"), attempt: attemptDecoder, probation: probationDecoder }),
  committed: object({ kind: literal("committed"), attempt: attemptDecoder, probation: probationDecoder }),
  rolling_back: object({
    kind: literal("rolling_back"),
    attempt: attemptDecoder,
    probation: nullable(probationDecoder),
    cause: object({ code: errorCodeDecoder, message: string({ max: MESSAGE_MAX }) }),
  }),
});

const recoveryDecoder = nullable(
  object({
    fromVersion: versionDecoder,
    toVersion: versionDecoder,
    manifestDigest: sha256Decoder,
    at: integer(),
  }),
);

const fields = object({
  schema: literal(1),
  generation: integer(),
  state: stateDecoder,
  floor: nullable(versionDecoder),
  bad: array(object({ version: versionDecoder, manifestDigest: sha256Decoder }), { max: BAD_MAX }),
  recovery: optional(recoveryDecoder),
});

/** An updater before this one wrote no `recovery`. */
const journalDecoder: Decoder<Journal> = (value, path) => {
  const { recovery = null, ...journal } = fields(value, path);
  return { ...journal, recovery };
};

/** What the two files say together. */
export type JournalReading =
  /** Neither file exists: a new host. */
  | { readonly kind: "absent" }
  | { readonly kind: "read"; readonly journal: Journal; readonly slot: JournalSlot }
  /** What there is cannot be read: the host heals without it. */
  | { readonly kind: "corrupt" };

/** One generation as text: a checksum, then JSON, on one line. */
export function encodeJournal(journal: Journal): string {
  const body = JSON.stringify(journal);
  return `${checksum(body)} ${body}\n`;
}

/** Reads one generation; `HOST_STATE_CORRUPT` for anything that `encodeJournal` did not write. */
export function decodeJournal(text: string): Journal {
  const match = /^([0-9a-f]{8}) (.+)\n$/s.exec(text);
  const body = match?.[2];
  if (body === undefined || checksum(body) !== match?.[1]) {
    throw new MusterError("HOST_STATE_CORRUPT", { problem: "the checksum does not match" });
  }
  return decodeJson(journalDecoder, body, "HOST_STATE_CORRUPT");
}

/** Takes the newest generation that can be read; a file that is not there is null. One damaged file is no harm. */
export function readGenerations(files: {
  readonly a: string | null;
  readonly b: string | null;
}): JournalReading {
  if (files.a === null && files.b === null) return { kind: "absent" };
  const a = readable(files.a);
  const b = readable(files.b);
  if (a && (!b || a.generation >= b.generation)) return { kind: "read", journal: a, slot: "a" };
  return b ? { kind: "read", journal: b, slot: "b" } : { kind: "corrupt" };
}

function readable(text: string | null): Journal | null {
  if (text === null) return null;
  try {
    return decodeJournal(text);
  } catch (error) {
    if (error instanceof MusterError && error.code === "HOST_STATE_CORRUPT") return null;
    throw error;
  }
}

function checksum(body: string): string {
  return crc32(new TextEncoder().encode(body)).toString(16).padStart(8, "0");
}
