/** How to start a program. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** How to start an entrypoint in a tree: one written for Node runs on the package's Node. */
export function commandOf(entrypoint: string, folder: string, nodePath: string): Command {
  const file = `${folder}/${entrypoint}`;
  return /\.[cm]?js$/.test(entrypoint) ? { file: nodePath, args: [file] } : { file, args: [] };
}
