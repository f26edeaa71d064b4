export * from "./apply-decisions.ts";
export * from "./machine-matrix.ts";
export * from "./operator.ts";
export * from "./rollout-fixtures.ts";
export * from "./rollout-world.ts";
