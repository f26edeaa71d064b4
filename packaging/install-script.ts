import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../scripts/bootstrap/problem.mjs";

/** What one build's install script knows: which version it installs, and whose word it takes for the package. */
export interface Pinned {
  readonly version: string;
  /** PEM; null: whoever runs it must name one. */
  readonly publicKey: string | null;
}

/** Writes install.sh with the version and the key in it. */
export function writeInstallScript(root: string, folder: string, { version, publicKey }: Pinned): void {
  const file = join(folder, "install.sh");
  const body = (publicKey ?? "").replace(/-----[A-Z ]+-----/g, "").replaceAll("\n", "");
  const template = readFileSync(join(root, "packaging/install.sh"), "utf8");
  writeFileSync(file, pinned(template, { PINNED_VERSION: version, PINNED_KEY: body }));
  chmodSync(file, 0o755);
}

function pinned(template: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((text, [name, value]) => {
    const line = `${name}=''\n`;
    if (!text.includes(line)) throw new Problem(`packaging/install.sh has no line ${line}`);
    return text.replace(line, `${name}='${value}'\n`);
  }, template);
}
