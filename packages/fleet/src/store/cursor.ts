import { MusterError, parse } from "@muster/core";

/** The place in a list where a page ended: the last row's sort value and its id. */
export interface Place {
  readonly sort: string | number;
  readonly id: string;
}

const decodePlace = parse.array<string | number>(
  (value, path) =>
    typeof value === "number" ? parse.number()(value, path) : parse.string({ max: 256 })(value, path),
  { min: 2, max: 2 },
);

/** A place as an opaque word for `nextCursor`. */
export function encodeCursor({ sort, id }: Place): string {
  return Buffer.from(JSON.stringify([sort, id])).toString("base64url");
}

/** The place a cursor names, whose sort value has the list's type; `REQUEST_INVALID` if it is none. */
export function decodeCursor(cursor: string, type: "string" | "number"): Place {
  const text = Buffer.from(cursor, "base64url").toString();
  const [sort, id] = parse.decodeJson(decodePlace, text, "REQUEST_INVALID");
  if (sort === undefined || typeof sort !== type || typeof id !== "string") {
    throw new MusterError("REQUEST_INVALID", { field: "cursor", problem: "is not of this list" });
  }
  return { sort, id };
}
