/** For each state, the states that may follow it; a state with none is terminal. */
export type TransitionTable<State extends string> = { readonly [From in State]: readonly State[] };

/** Whether the table has no way out of a state. */
export function isTerminal<State extends string>(table: TransitionTable<State>, state: State): boolean {
  return table[state].length === 0;
}
