import { asMusterError, MusterError, type Assignment, type Outcome } from "@muster/core";
import type { AssignOrder, ProgressReport } from "@muster/protocol/agent";
import { verifyAssignment } from "@muster/trust";
import { createQueue } from "../queue.ts";
import { journalTarget } from "./host-facts.ts";
import { outcomeBeforeSwitch, progressOf } from "./reports.ts";
import { runUpdate, type UpdateHost, type UpdateJob } from "./run-update.ts";
import { clearStaging, isUpdaterBusy, readStaged } from "./staging.ts";
import { targetOf, UPDATE_TRANSITIONS, type UpdateState } from "./update-state.ts";
import type { TakenUpdate } from "./update-store.ts";
import { waitFor } from "./wait.ts";

/** What the runner works with besides. */
export interface RunnerHost extends UpdateHost {
  /** The controller's key; asked each time, an enrolment may change it. */
  readonly assignmentKey: () => Uint8Array;
  readonly agentId: string;
  readonly bootId: string;
  /** A stage, or how far it has come; may be lost. */
  readonly report: (progress: ProgressReport) => void;
  /** Keeps an outcome until it is acknowledged; durable when it resolves. */
  readonly keep: (outcome: Outcome) => Promise<void>;
  /** Reports what is kept, as far as it can be. */
  readonly reportOutcomes: () => Promise<void>;
  /** Whether an outcome of the target is on this host. */
  readonly hasOutcome: (targetId: string) => Promise<boolean>;
}

/** Why a run is broken off although nothing is wrong with it. */
const STOPPED = new MusterError("UPDATE_INTERRUPTED");

/** How long a new update waits for an updater that is about to end. */
const TIDYING_MS = 10_000;
const LOOK_AGAIN_MS = 100;

interface Running {
  readonly targetId: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** What the agent does for its targets, one at a time. */
export class UpdateRunner {
  readonly #host: RunnerHost;
  #state: UpdateState = { kind: "idle" };
  #running: Running | null = null;
  readonly #queue = createQueue();
  readonly #stopping = new AbortController();

  constructor(host: RunnerHost) {
    this.#host = host;
  }

  get state(): UpdateState {
    return this.#state;
  }

  /** Takes an assignment. Never throws: a refusal becomes an outcome, a forged one a warning. */
  assign(order: AssignOrder): Promise<void> {
    return this.#inTurn(() => this.#take(order));
  }

  /** Ends the target before the handoff; without effect after it, or on another target. */
  cancel(targetId: string): Promise<void> {
    // Behind the assignment, which may still be on its way to the disk.
    return this.#inTurn(async () => {
      if (this.#running?.targetId === targetId) this.#running.abort.abort(new MusterError("UPDATE_CANCELED"));
    });
  }

  /** Goes on with what an earlier process left, if it left something. */
  resume(): Promise<void> {
    return this.#inTurn(() => this.#takeUp());
  }

  /** The updater's outcome of the target is there. */
  ended(targetId: string): Promise<void> {
    return this.#inTurn(async () => {
      const { store } = this.#host;
      if (store.taken.update?.targetId !== targetId || this.#running !== null) return;
      await store.change(() => ({ update: null }));
      if (this.#state.kind !== "idle") this.#move({ kind: "idle" });
    });
  }

  /** Tells the present stage again, to a gateway that may not know it. */
  repeat(): void {
    const progress = progressOf(this.#state);
    if (progress) this.#host.report(progress);
  }

  /** Breaks off without an outcome: a later process goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#running?.abort.abort(STOPPED);
    await this.#running?.done;
  }

  #move(next: UpdateState): void {
    const allowed: readonly UpdateState["kind"][] = UPDATE_TRANSITIONS[this.#state.kind];
    if (!allowed.includes(next.kind)) {
      throw new MusterError("INTERNAL_UNEXPECTED", {
        machine: "update",
        from: this.#state.kind,
        to: next.kind,
      });
    }
    this.#state = next;
    this.repeat();
  }

  async #take(order: AssignOrder): Promise<void> {
    const { log, store, keep, reportOutcomes } = this.#host;
    const assignment = this.#verified(order);
    if (assignment === null) return;
    const { taken } = store;
    const { targetId, sequence } = assignment;
    if (sequence <= taken.lastSequence) {
      log.info("assignment was taken before", { targetId, sequence, lastSequence: taken.lastSequence });
      if (targetOf(this.#state) === targetId) this.repeat();
      return;
    }
    if (await this.#isBusy(targetId)) {
      await store.change(() => ({ lastSequence: sequence }));
      const problem = new MusterError("UPDATE_IN_PROGRESS", { target: targetOf(this.#state) });
      await keep(outcomeBeforeSwitch(assignment, problem, this.#host));
      await reportOutcomes();
      return;
    }
    const update: TakenUpdate = {
      targetId,
      phase: "taken",
      assignment: Buffer.from(order.assignment).toString("base64"),
      assignmentSignature: Buffer.from(order.assignmentSignature).toString("base64"),
      downloadPath: order.downloadPath,
    };
    await store.change(() => ({ lastSequence: sequence, update }));
    const signed = { manifest: order.manifest, signatures: order.manifestSignatures };
    this.#start({ update, assignment, signed, isResumed: false });
  }

  /** The assignment, if the controller signed it for this agent. A forged one says nothing worth an outcome. */
  #verified({ assignment, assignmentSignature }: Signed): Assignment | null {
    const { agentId, assignmentKey, log } = this.#host;
    try {
      const genuine = verifyAssignment({ assignment, signature: assignmentSignature }, assignmentKey());
      if (genuine.agentId === agentId) return genuine;
      const problem = "is for another agent";
      throw new MusterError("ASSIGNMENT_INVALID", { problem, agent: genuine.agentId });
    } catch (error) {
      const { code, message } = asMusterError(error, "ASSIGNMENT_INVALID");
      log.warn("assignment refused", { code, problem: message });
      return null;
    }
  }

  /** An updater that left no outcome and is not there any more has not taken the handoff: nothing is under way. */
  async #isBusy(targetId: string): Promise<boolean> {
    const { layout, bootId, clock, log } = this.#host;
    const state = this.#state;
    if (this.#running !== null || (state.kind !== "idle" && state.kind !== "handed_over")) return true;
    // An updater that has left its outcome still tidies up for a moment.
    let patienceMs = state.kind === "idle" ? TIDYING_MS : 0;
    while (await isUpdaterBusy(layout, bootId)) {
      if (patienceMs <= 0) return true;
      patienceMs -= LOOK_AGAIN_MS;
      await waitFor(clock, LOOK_AGAIN_MS, this.#stopping.signal);
    }
    if (state.kind === "handed_over") log.warn("a handoff was lost", { lost: state.targetId, targetId });
    return false;
  }

  #start(job: Omit<UpdateJob, "signal">): void {
    const abort = new AbortController();
    const { targetId } = job.update;
    this.#move({ kind: "checking", targetId });
    const done = this.#carryOut({ ...job, signal: abort.signal });
    this.#running = { targetId, abort, done };
  }

  /** Never throws. */
  async #carryOut(job: UpdateJob): Promise<void> {
    try {
      await runUpdate(job, { ...this.#host, move: (next) => this.#move(next) });
    } catch (error) {
      if (error !== STOPPED) await this.#fail(job.assignment, asMusterError(error));
    } finally {
      this.#running = null;
      if (this.#state.kind !== "handed_over") this.#move({ kind: "idle" });
    }
    // Only now: the controller may answer an outcome with the next assignment.
    await this.#host.reportOutcomes();
  }

  /** If the disk does not even take the outcome, what was taken stays, and the next process goes on with it. */
  async #fail(assignment: Assignment, problem: MusterError): Promise<void> {
    const { layout, log, keep, store } = this.#host;
    const { targetId, version } = assignment;
    log.warn("update refused", {
      targetId,
      version,
      code: problem.code,
      problem: problem.message,
      cause: problem.cause,
    });
    try {
      await keep(outcomeBeforeSwitch(assignment, problem, this.#host));
      await clearStaging(layout);
      await store.change(() => ({ update: null }));
    } catch (error) {
      const { code, message } = asMusterError(error);
      log.error("the end of an update could not be written", { targetId, code, problem: message });
    }
  }

  /** Looks in the order in which an updater writes: the handoff goes when the journal has it, that when the outcome stands. */
  async #isWithUpdater(targetId: string): Promise<boolean> {
    const { layout, bootId, hasOutcome } = this.#host;
    if (await isUpdaterBusy(layout, bootId)) return true;
    return (await journalTarget(layout)) === targetId || (await hasOutcome(targetId));
  }

  async #takeUp(): Promise<void> {
    const { layout, log, store } = this.#host;
    const { update } = store.taken;
    if (update === null) return;
    const { targetId } = update;
    const isUpdaters = update.phase === "handed_over";
    if (isUpdaters && (await this.#isWithUpdater(targetId))) {
      this.#move({ kind: "handed_over", targetId });
      return;
    }
    const assignment = this.#verified({
      assignment: fromBase64(update.assignment),
      assignmentSignature: fromBase64(update.assignmentSignature),
    });
    if (assignment === null) {
      await store.change(() => ({ update: null }));
      return;
    }
    const signed = await readStaged(layout);
    // An updater that has taken a handoff leaves an outcome, whatever happens to it: this one never got it.
    if (isUpdaters || signed === null) {
      await this.#fail(assignment, new MusterError("UPDATE_INTERRUPTED"));
      return;
    }
    log.info("going on with an update", { targetId, version: assignment.version });
    this.#start({ update, assignment, signed, isResumed: true });
  }

  /** One decision after another; what fails in one does not keep the next from being made. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    try {
      await this.#queue(work);
    } catch (error) {
      const { code, message } = asMusterError(error);
      this.#host.log.error("update step failed", { code, problem: message });
    }
  }
}

type Signed = Pick<AssignOrder, "assignment" | "assignmentSignature">;

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
