/** A word as a POSIX shell takes it: quoted where it has to be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command of its words and its options; an option without a value is left out, `true` stands alone. */
export function commandLine(
  words: readonly string[],
  options: Readonly<Record<string, string | number | true | undefined>>,
): string {
  const flags = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return value === true ? [`--${name}`] : [`--${name}`, shellWord(String(value))];
  });
  return [...words.map(shellWord), ...flags].join(" ");
}
