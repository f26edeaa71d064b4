import { parse, type HostLayout } from "@muster/core";
import { READABLE_FILE, removeTree } from "../fs/durable.ts";
import { readSmallText } from "../fs/reading.ts";
import type { HostFs, ProcessIdentity } from "../ports.ts";

/** The process the supervisor started last. */
export interface PayloadRecord extends ProcessIdentity {
  /** Monotonic milliseconds of the start. */
  readonly startedAtMs: number;
}

const RECORD_MAX_BYTES = 4096;

const recordDecoder = parse.object({
  schema: parse.literal(1),
  bootId: parse.string({ min: 1, max: 64 }),
  pid: parse.integer({ min: 1 }),
  startTicks: parse.integer(),
  startedAtMs: parse.integer(),
});

/** Writes down which process is the payload. It need not survive a power cut, which the process does not either. */
export function writePayloadRecord(fs: HostFs, { payloadProcess }: HostLayout, record: PayloadRecord): void {
  const fresh = `${payloadProcess}.new`;
  removeTree(fs, fresh);
  const file = fs.createFile(fresh, READABLE_FILE);
  try {
    file.write(new TextEncoder().encode(JSON.stringify({ schema: 1, ...record })));
  } finally {
    file.close();
  }
  fs.rename(fresh, payloadProcess);
}

/** The last process that was written down; null if there is none. Only root writes this file. */
export function readPayloadRecord({
  payloadProcess,
}: Pick<HostLayout, "payloadProcess">): PayloadRecord | null {
  const text = readSmallText(payloadProcess, { maxBytes: RECORD_MAX_BYTES });
  return text === null ? null : parse.decodeJson(recordDecoder, text, "HOST_STATE_CORRUPT");
}
