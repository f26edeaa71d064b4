import type { Actor } from "../people/actor.ts";

/** Somebody who may manage rollouts. */
export const OPERATOR: Actor = { name: "olga", role: "operator" };
