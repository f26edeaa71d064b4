import { InvalidArgumentError } from "@commander-js/extra-typings";
import { MusterError, type ErrorDetails } from "@muster/core";

/** The error of a command that was called with wrong arguments. */
export function usage(problem: string, details: ErrorDetails = {}, cause?: unknown): MusterError {
  return new MusterError("USAGE_INVALID", { problem, ...details }, { cause });
}

/** A parser of one argument as commander takes it: its problem is shown with the option's name. */
export function argument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof MusterError) throw new InvalidArgumentError(problemOf(error));
      throw error;
    }
  };
}

/** The same for an option that may be given more than once. */
export function repeated<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  const one = argument(parse);
  return (text, before = []) => [...before, one(text)];
}

function problemOf({ details, message }: MusterError): string {
  const { problem } = details;
  return typeof problem === "string" ? problem : message;
}
