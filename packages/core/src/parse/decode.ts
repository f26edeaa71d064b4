import { MusterError, type ErrorCode } from "../errors.ts";

/**
 * A decoder turns a value from outside into a typed one, or reports where and why it cannot. Everything that
 * enters a Muster process (files, stream messages, manifests) goes through one exactly once.
 */
export type Decoder<T> = (value: unknown, path: string) => T;

/** The type a decoder yields. */
export type Decoded<D> = D extends Decoder<infer T> ? T : never;

/** A decoding problem; `decode` turns it into a `MusterError`, so it never leaves this folder. */
class Problem extends Error {
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.path = path === "" ? "(root)" : path;
  }
}

/** Reports a problem at `path`; for decoders with rules of their own. */
export function reject(path: string, message: string): never {
  throw new Problem(path, message);
}

/**
 * Decodes `value`, or throws a `MusterError` of the given code whose details name the field and the problem.
 */
export function decode<T>(decoder: Decoder<T>, value: unknown, code: ErrorCode): T {
  try {
    return decoder(value, "");
  } catch (error) {
    if (error instanceof Problem) throw new MusterError(code, { field: error.path, problem: error.message });
    throw error;
  }
}

/** Parses JSON text, then decodes it; text that is not JSON gets the same code. */
export function decodeJson<T>(decoder: Decoder<T>, text: string, code: ErrorCode): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MusterError(code, { field: "(root)", problem: "is not JSON" }, { cause });
  }
  return decode(decoder, value, code);
}

export interface StringRules {
  /** Most UTF-16 code units; 1,024 unless told. */
  readonly max?: number;
  /** Fewest code units; 0 unless told. */
  readonly min?: number;
  readonly pattern?: RegExp;
  /** What the pattern asks for, in words. */
  readonly what?: string;
}

export function string(rules: StringRules = {}): Decoder<string> {
  const { max = 1024, min = 0, pattern, what = "the expected form" } = rules;
  return (value, path) => {
    if (typeof value !== "string") reject(path, "must be a string");
    if (value.length > max) reject(path, `must be at most ${max} characters`);
    if (value.length < min)
      reject(path, min === 1 ? "must not be empty" : `must be at least ${min} characters`);
    if (pattern && !pattern.test(value)) reject(path, `must have ${what}`);
    return value;
  };
}

/** A safe integer between `min` (0 unless told) and `max`. */
export function integer(rules: { readonly min?: number; readonly max?: number } = {}): Decoder<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = rules;
  return (value, path) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value)) reject(path, "must be a whole number");
    if (value < min || value > max) reject(path, `must be between ${min} and ${max}`);
    return value;
  };
}

/** A finite number between `min` and `max`. */
export function number(rules: { readonly min?: number; readonly max?: number } = {}): Decoder<number> {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = rules;
  return (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value)) reject(path, "must be a number");
    if (value < min || value > max) reject(path, `must be between ${min} and ${max}`);
    return value;
  };
}

export const boolean: Decoder<boolean> = (value, path) =>
  typeof value === "boolean" ? value : reject(path, "must be true or false");

/** One of a closed list of strings. */
export function oneOf<const T extends readonly string[]>(values: T): Decoder<T[number]> {
  return (value, path) =>
    typeof value === "string" && values.includes(value)
      ? value
      : reject(path, `must be one of ${values.join(", ")}`);
}

export function literal<const T extends string | number>(expected: T): Decoder<T> {
  return (value, path) =>
    value === expected ? expected : reject(path, `must be ${JSON.stringify(expected)}`);
}

export function nullable<T>(decoder: Decoder<T>): Decoder<T | null> {
  return (value, path) => (value === null ? null : decoder(value, path));
}

/** A list of at most `max` (10,000 unless told) and at least `min` (0) values. */
export function array<T>(
  item: Decoder<T>,
  rules: { readonly max?: number; readonly min?: number } = {},
): Decoder<readonly T[]> {
  const { max = 10_000, min = 0 } = rules;
  return (value, path) => {
    if (!Array.isArray(value)) reject(path, "must be a list");
    if (value.length > max) reject(path, `must have at most ${max} entries`);
    if (value.length < min) reject(path, `must have at least ${min} entries`);
    return value.map((entry: unknown, index) => item(entry, `${path}[${index}]`));
  };
}

/** An object used as a map, with at most `max` (1,000 unless told) entries. Never has a prototype. */
export function record<T>(
  key: Decoder<string>,
  item: Decoder<T>,
  rules: { readonly max?: number } = {},
): Decoder<Readonly<Record<string, T>>> {
  return (value, path) => {
    const source = plainObject(value, path);
    const keys = Object.keys(source);
    const max = rules.max ?? 1000;
    if (keys.length > max) reject(path, `must have at most ${max} entries`);
    const result = Object.create(null) as Record<string, T>;
    for (const name of keys) result[key(name, join(path, name))] = item(source[name], join(path, name));
    return result;
  };
}

interface Optional<T> {
  readonly optional: Decoder<T>;
}
type Field = Decoder<unknown> | Optional<unknown>;
type OptionalNames<F> = { [K in keyof F]: F[K] extends Optional<unknown> ? K : never }[keyof F];
type Fields<F> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: F[K] extends Decoder<infer T> ? T : never;
} & { readonly [K in OptionalNames<F>]?: F[K] extends Optional<infer T> ? T : never };

/** A field that may be absent. */
export function optional<T>(decoder: Decoder<T>): Optional<T> {
  return { optional: decoder };
}

/** An object with exactly these fields; an unknown one is refused, so that a misspelt setting is never silent. */
export function object<F extends Record<string, Field>>(fields: F): Decoder<Fields<F>> {
  return (value, path) => {
    const source = plainObject(value, path);
    for (const name of Object.keys(source)) {
      if (!Object.hasOwn(fields, name)) reject(join(path, name), "is not a known field");
    }
    const result: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) {
      const present = Object.hasOwn(source, name) && source[name] !== undefined;
      if (typeof field === "function") {
        if (!present) reject(join(path, name), "is missing");
        result[name] = field(source[name], join(path, name));
      } else if (present) {
        result[name] = field.optional(source[name], join(path, name));
      }
    }
    return result as Fields<F>;
  };
}

/** A union told apart by its `kind` field. */
export function variants<V extends Record<string, Decoder<{ readonly kind: string }>>>(
  decoders: V,
): Decoder<Decoded<V[keyof V]>> {
  return (value, path) => {
    const { kind } = plainObject(value, path);
    const decoder = typeof kind === "string" && Object.hasOwn(decoders, kind) ? decoders[kind] : undefined;
    if (!decoder) reject(join(path, "kind"), `must be one of ${Object.keys(decoders).join(", ")}`);
    return decoder(value, path) as Decoded<V[keyof V]>;
  };
}

function plainObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) reject(path, "must be an object");
  return value as Record<string, unknown>;
}

function join(path: string, name: string): string {
  // The name can come from outside and the path is shown in terminals.
  const plain = name.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd").toWellFormed();
  const shown = plain.length > 64 ? `${plain.slice(0, 64)}…` : plain;
  return path === "" ? shown : `${path}.${shown}`;
}
