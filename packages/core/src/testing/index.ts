export * from "./apply-decisions.ts";
export * from "./rollout-fixtures.ts";
export * from "./rollout-world.ts";
