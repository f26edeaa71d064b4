import { type DestinationStream, type Logger, pino } from "pino";
import pretty from "pino-pretty";

export interface LogOptions {
  /** Only warnings and errors. */
  readonly quiet: boolean;
  /** Where lines go; stderr unless told. */
  readonly destination?: DestinationStream;
}

/** Never in a log, whoever logs it. */
const SECRETS = ["headers.authorization", "headers.cookie", "*.headers.authorization", "*.headers.cookie"];

/** The server's log: for people on a terminal, JSON lines elsewhere. */
export function createLog({ quiet, destination }: LogOptions): Logger {
  const options = { level: quiet ? "warn" : "info", redact: SECRETS, base: null };
  if (destination) return pino(options, destination);
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino(options, pretty({ destination: 2, sync: true, translateTime: "SYS:HH:MM:ss" }));
}
