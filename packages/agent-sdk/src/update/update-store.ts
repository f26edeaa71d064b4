import { asMusterError, idDecoder, parse, type HostLayout, type MusterError } from "@muster/core";
import { createQueue } from "../queue.ts";
import { PRIVATE_FILE, readIfThere, replaceFile } from "../host/files.ts";

/** The update under way, with what is needed to take it up again after a restart. */
export interface TakenUpdate {
  readonly targetId: string;
  /** `handed_over` is written before the handoff itself. */
  readonly phase: "taken" | "handed_over";
  /** The assignment's bytes and signature, base64: they are verified again. */
  readonly assignment: string;
  readonly assignmentSignature: string;
  readonly downloadPath: string;
}

/** What the agent has taken from its controller. */
export interface Taken {
  /** The highest sequence so far; every assignment counts once. */
  readonly lastSequence: number;
  readonly update: TakenUpdate | null;
}

const base64 = parse.string({ max: 65_536, pattern: /^[A-Za-z0-9+/]*={0,2}$/, what: "the form of base64" });

const takenDecoder = parse.object({
  schema: parse.literal(1),
  lastSequence: parse.integer(),
  update: parse.nullable(
    parse.object({
      targetId: idDecoder,
      phase: parse.oneOf(["taken", "handed_over"]),
      assignment: base64,
      assignmentSignature: base64,
      downloadPath: parse.string({ max: 256 }),
    }),
  ),
});

const NOTHING: Taken = { lastSequence: 0, update: null };
const TAKEN_MAX_BYTES = 262_144;

/** Remembers across restarts and power cuts what was taken. */
export interface UpdateStore {
  readonly taken: Taken;
  /** Changes what is remembered, one change after another. Durable when it resolves: call it before acting. */
  change(change: (taken: Taken) => Partial<Taken>): Promise<void>;
}

export const updateStorePath = ({ run }: HostLayout) => `${run}/update.json`;

/**
 * Opens the store. A damaged file is told to `onProblem` and counts as empty: the controller's next sequence is above
 * any it gave before, so nothing is taken twice but an assignment that is still valid.
 */
export async function openUpdateStore(
  layout: HostLayout,
  onProblem: (problem: MusterError) => void,
): Promise<UpdateStore> {
  const path = updateStorePath(layout);
  let taken = NOTHING;
  try {
    const bytes = await readIfThere(path, TAKEN_MAX_BYTES);
    if (bytes !== null) taken = parse.decodeJson(takenDecoder, bytes.toString("utf8"), "HOST_STATE_CORRUPT");
  } catch (error) {
    onProblem(asMusterError(error, "HOST_STATE_CORRUPT"));
  }
  const inTurn = createQueue();
  return {
    get taken() {
      return taken;
    },
    change: (change) =>
      inTurn(async () => {
        const next = { ...taken, ...change(taken) };
        const text = `${JSON.stringify({ schema: 1, ...next })}\n`;
        await replaceFile(path, text, { mode: PRIVATE_FILE, durable: true });
        taken = next;
      }),
  };
}
