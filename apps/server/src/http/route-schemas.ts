import { problemSchema } from "@muster/protocol/http";
import { z } from "zod";

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

/** The failures every route may answer with. */
const PROBLEMS = {
  "4XX": problem("The request was refused; `code` says why and `help` what to do."),
  "5XX": problem("The server could not do it."),
} as const;

/** The answers of a route that succeeds with 200 and this JSON. */
export function answers<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { 200: { description, content: { "application/json": { schema } } }, ...PROBLEMS };
}

/** The answers of a route that succeeds with a body of another type. */
export function answersText(type: string, description: string) {
  return { 200: { description, content: { [type]: { schema: z.string() } } }, ...PROBLEMS };
}

/** The answers of a route that sends the browser to another address. */
export function answersElsewhere(description: string) {
  return { 303: z.undefined().describe(description), ...PROBLEMS };
}

/** The answers of a route that succeeds with nothing to say. */
export function answersNothing(description: string) {
  return { 204: z.undefined().describe(description), ...PROBLEMS };
}
