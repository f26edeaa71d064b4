import fc from "fast-check";
import { MusterError, type ErrorCode } from "../errors.ts";
import { decode, type Decoder } from "../parse/decode.ts";

export interface DecoderCase<T> {
  readonly decoder: Decoder<T>;
  readonly code: ErrorCode;
}

/** What a decoder makes of a value: what it accepts, or the details of its typed error. Anything else thrown passes through. */
export function outcomeOf<T>(
  { decoder, code }: DecoderCase<T>,
  value: unknown,
): { readonly accepted: T } | { readonly refused: MusterError["details"] } {
  try {
    return { accepted: decode(decoder, value, code) };
  } catch (error) {
    if (error instanceof MusterError && error.code === code) return { refused: error.details };
    throw error;
  }
}

/**
 * The first value, or what it throws for one, of which a decoder of plain documents makes something else than the value
 * itself or its typed error; null if there is none. What is accepted must be neither changed, nor filled up, nor stripped.
 */
export function firstMistake<T>(decoding: DecoderCase<T>, values: fc.Arbitrary<unknown>): unknown {
  const law = fc.property(values, (value) => {
    const outcome = outcomeOf(decoding, value);
    if ("accepted" in outcome) return sameJson(outcome.accepted, value);
    const { field, problem } = outcome.refused;
    return typeof field === "string" && field !== "" && typeof problem === "string" && problem !== "";
  });
  const { failed, counterexample, errorInstance } = fc.check(law, { numRuns: 1000 });
  return failed ? { counterexample, errorInstance } : null;
}

function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  const keys = Object.keys(a).toSorted();
  if (Array.isArray(a) !== Array.isArray(b) || keys.join("\n") !== Object.keys(b).toSorted().join("\n")) {
    return false;
  }
  return keys.every((key) => sameJson(Reflect.get(a, key), Reflect.get(b, key)));
}
