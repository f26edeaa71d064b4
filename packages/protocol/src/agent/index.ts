export * from "./enrolment.ts";
export * from "./from-agent.ts";
export * from "./from-gateway.ts";
export * from "./service.ts";
