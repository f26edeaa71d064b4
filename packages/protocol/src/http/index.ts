export * from "./agents.ts";
export * from "./common.ts";
export * from "./events.ts";
export * from "./releases.ts";
export * from "./rollouts.ts";
export * from "./session.ts";
export * from "./client.ts";
export type { EventOptions } from "./event-stream.ts";
export type { ClientOptions, Fetch, UploadBody, Wait } from "./transport.ts";
