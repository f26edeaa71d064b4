import fc from "fast-check";

type Path = readonly (string | number)[];

export interface Mutation {
  /** Where and what, for the message of a failing test. */
  readonly name: string;
  readonly value: unknown;
}

/** One of each JSON type, of which a decoder must refuse all but its own. */
const OF_EACH_TYPE: readonly unknown[] = [null, true, 7, "text", [7], { kind: "text" }];

/** What someone who means harm would put somewhere. */
const HOSTILE: readonly unknown[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "../../etc/passwd",
  "/etc/passwd",
  "C:\\Windows",
  "\u202egnp.exe",
  "\ud800",
  "'; DROP TABLE agents; --",
  "\u001b[2J",
  "__proto__",
  "constructor",
  "x".repeat(100_000),
  -1,
  1.5,
  -0,
  1e308,
  2 ** 53,
  [],
  {},
  [[[[[[]]]]]],
  JSON.parse('{"__proto__": {"polluted": true}}'),
];

/** The document without each of its members and list entries, one at a time. */
export function withoutEach(document: unknown): readonly Mutation[] {
  return pathsOf(document)
    .filter((path) => path.length > 0)
    .map((path) => ({ name: `without ${path.join(".")}`, value: edit(document, path, "remove") }));
}

/** The document with a value of another JSON type in each place. */
export function wronglyTyped(document: unknown): readonly Mutation[] {
  return pathsOf(document).flatMap((path) => {
    const type = typeName(at(document, path));
    return OF_EACH_TYPE.filter((value) => typeName(value) !== type).map((value) => ({
      name: `${path.join(".") || "(root)"}: ${JSON.stringify(value)}`,
      value: edit(document, path, { value }),
    }));
  });
}

/** The document with an unknown member in each of its objects. */
export function withUnknownMembers(document: unknown): readonly Mutation[] {
  return pathsOf(document)
    .filter((path) => typeName(at(document, path)) === "object")
    .map((path) => ({
      name: [...path, "misspelt"].join("."),
      value: edit(document, [...path, "misspelt"], { value: 1 }),
    }));
}

/** The document with something hostile or arbitrary in a random place, or a member more. */
export function mutated(document: unknown): fc.Arbitrary<unknown> {
  const something = fc.oneof(fc.constantFrom(...HOSTILE), fc.jsonValue(), fc.string({ unit: "binary" }));
  const place = fc.constantFrom(...pathsOf(document));
  return fc.oneof(
    fc.tuple(place, something).map(([path, value]) => edit(document, path, { value })),
    fc
      .tuple(place, fc.string(), something)
      .map(([path, name, value]) =>
        typeName(at(document, path)) === "object" ? edit(document, [...path, name], { value }) : value,
      ),
  );
}

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsOf(at(value, [key]), [...path, key]))];
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Readonly<Record<string | number, unknown>>)[key],
    value,
  );
}

function edit(value: unknown, path: Path, change: "remove" | { readonly value: unknown }): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change === "remove" ? undefined : change.value;
  if (Array.isArray(value)) {
    const place = Number(key);
    if (rest.length === 0 && change === "remove") return value.toSpliced(place, 1);
    return value.with(place, edit(value[place], rest, change));
  }
  const members = Object.entries(value as object).filter(([name]) => name !== key);
  if (rest.length === 0 && change === "remove") return Object.fromEntries(members);
  const inner = Object.hasOwn(value as object, key) ? at(value, [key]) : undefined;
  return Object.fromEntries([...members, [String(key), edit(inner, rest, change)]]);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
