export * from "./gen/muster/agent/v1/agent.ts";
