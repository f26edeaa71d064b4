import type { AuditRecord } from "@muster/fleet";

const COLUMNS: readonly (readonly [string, (record: AuditRecord) => string])[] = [
  ["sequence", ({ sequence }) => String(sequence)],
  ["time", ({ at }) => new Date(at).toISOString()],
  ["actorKind", ({ actor }) => actor.kind],
  ["actor", ({ actor }) => actor.name],
  ["actorId", ({ actor }) => actor.id ?? ""],
  ["action", ({ action }) => action],
  ["resourceKind", ({ resource }) => resource?.kind ?? ""],
  ["resourceId", ({ resource }) => resource?.id ?? ""],
  ["address", ({ from }) => from?.address ?? ""],
  ["userAgent", ({ from }) => from?.userAgent ?? ""],
  ["credential", ({ from }) => from?.credential ?? ""],
  ["details", ({ details }) => JSON.stringify(details)],
  ["previousHash", ({ previousHash }) => previousHash],
  ["hash", ({ hash }) => hash],
];

/** What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"). */
const FORMULA = /^[=+\-@\t\r\n]/;

/** The records as CSV (RFC 4180), in which no spreadsheet finds a formula. */
export async function* toCsv(batches: AsyncIterable<readonly AuditRecord[]>): AsyncGenerator<string> {
  yield csvLine(COLUMNS.map(([name]) => name));
  for await (const records of batches) {
    yield records.map((record) => csvLine(COLUMNS.map(([, read]) => read(record)))).join("");
  }
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** The records as lines of JSON, whole: what the hashes are made of is in them. */
export async function* toNdjson(batches: AsyncIterable<readonly AuditRecord[]>): AsyncGenerator<string> {
  for await (const records of batches) {
    yield records.map((record) => `${JSON.stringify(record)}\n`).join("");
  }
}
