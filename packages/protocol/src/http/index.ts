export * from "./agents.ts";
export * from "./common.ts";
export * from "./events.ts";
export * from "./releases.ts";
export * from "./rollouts.ts";
export * from "./session.ts";
