export type { Database, DatabaseOptions } from "./store/database.ts";
export { openDatabase } from "./store/database.ts";
export type * from "./store/schema.ts";
export type * from "./ports.ts";
export type * from "./gateway/ports.ts";
export type * from "./rollout/ports.ts";
export type * from "./agents/ports.ts";
