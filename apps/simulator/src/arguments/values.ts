import { labelKeyDecoder, labelValueDecoder, MusterError, parse, type ErrorDetails } from "@muster/core";
import { archDecoder, osDecoder, type Platform } from "@muster/core";
import type { Amount } from "../agent/profile.ts";

/** The error of a command line that cannot be meant. */
export function usage(problem: string, details: ErrorDetails = {}): MusterError {
  return new MusterError("USAGE_INVALID", { problem, ...details });
}

/** `2%` or `0.5%`, a share; `24`, a number of agents. */
export function parseAmount(text: string): Amount {
  const [, number, sign] = /^(\d{1,9}(?:\.\d{1,6})?)(%?)$/.exec(text) ?? [];
  const value = Number(number);
  if (sign === "%" && value <= 100) return { percent: value };
  if (sign === "" && Number.isInteger(value)) return { count: value };
  throw usage("write a number of agents like 24, or a share like 2%", { value: text });
}

/** A whole number from `min` to `max`. */
export function parseCount(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
    throw usage(`write a whole number from ${min} to ${max}`, { value: text });
  }
  return value;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `90s`, `10m` or `2h`, in milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit = ""] = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = UNIT_MS[unit];
  if (factor === undefined) throw usage("write a time like 500ms, 90s, 10m or 2h", { value: text });
  return Math.round(Number(number) * factor);
}

/** `key=value`. */
export function parseLabel(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw usage("write a label as key=value", { value: text });
  const key = parse.decode(labelKeyDecoder, text.slice(0, at), "USAGE_INVALID");
  return [key, parse.decode(labelValueDecoder, text.slice(at + 1), "USAGE_INVALID")];
}

/** `linux/amd64`. */
export function parsePlatform(text: string): Platform {
  const [os, arch, ...rest] = text.split("/");
  if (rest.length > 0) throw usage("write a platform like linux/amd64", { value: text });
  return {
    os: parse.decode(osDecoder, os, "USAGE_INVALID"),
    arch: parse.decode(archDecoder, arch, "USAGE_INVALID"),
  };
}
