export * from "./apply-decisions.ts";
export * from "./decoder-law.ts";
export * from "./machine-matrix.ts";
export * from "./mutations.ts";
export * from "./operator.ts";
export * from "./rollout-fixtures.ts";
export * from "./rollout-world.ts";
