import { MusterError, type ErrorCode } from "../errors.ts";

/** A machine with an example of each of its states and events. */
export interface MachineCase<State extends { readonly kind: string }, Event> {
  readonly states: readonly State[];
  /** By the name under which the matrix shows each. */
  readonly events: Readonly<Record<string, Event>>;
  readonly transition: (state: State, event: Event) => State;
  /** The error that an illegal pair throws. */
  readonly refusal: ErrorCode;
}

/** For each state and event, the kind of the next state, `same` for the very same object, or `-` for a refusal. */
export type Matrix = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Tries every state with every event. An error of another code passes through. */
export function matrixOf<State extends { readonly kind: string }, Event>(
  machine: MachineCase<State, Event>,
): Matrix {
  return Object.fromEntries(
    machine.states.map((state) => [
      state.kind,
      Object.fromEntries(
        Object.entries(machine.events).map(([name, event]) => [name, attempt(machine, state, event)]),
      ),
    ]),
  );
}

/** The transitions of a matrix that change the kind, in the form of a transition table. */
export function tableOf(matrix: Matrix): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(matrix).map(([state, row]) => {
      const next = Object.values(row).filter((kind) => kind !== "-" && kind !== "same" && kind !== state);
      return [state, [...new Set(next)].toSorted()];
    }),
  );
}

/** A transition table with each row in alphabetical order, to be compared with `tableOf`. */
export function sortedTable(
  table: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(table).map(([state, next]) => [state, next.toSorted()]));
}

function attempt<State extends { readonly kind: string }, Event>(
  { transition, refusal }: MachineCase<State, Event>,
  state: State,
  event: Event,
): string {
  try {
    const next = transition(state, event);
    return next === state ? "same" : next.kind;
  } catch (error) {
    if (error instanceof MusterError && error.code === refusal) return "-";
    throw error;
  }
}
