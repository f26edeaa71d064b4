/** Something the person at the keyboard can solve: its message is printed without a stack. */
export class Problem extends Error {}
