import { createHash, type Hash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { Operation } from "./recording-fs.ts";

/**
 * What a crash leaves of the steps before it. `killed`: all of them (only the process died). `synced`: nothing that was
 * not fsynced, neither content nor entries of folders. `metadata`: all entries, but no content that was not fsynced.
 * `mixed`: each entry of a folder and each content either way, by chance from a seed.
 */
export type Loss =
  | { readonly kind: "killed" }
  | { readonly kind: "synced" }
  | { readonly kind: "metadata" }
  | { readonly kind: "mixed"; readonly seed: number };

type Node = FileNode | FolderNode | LinkNode;
interface FileNode {
  readonly kind: "file";
  readonly mode: number;
  content: Uint8Array;
  synced: Uint8Array;
}
interface FolderNode {
  readonly kind: "folder";
  readonly mode: number;
  readonly entries: Map<string, Node>;
  synced: Map<string, Node>;
}
interface LinkNode {
  readonly kind: "link";
  readonly target: string;
}

/** What a disk holds after a crash. */
export interface CrashedDisk {
  /** The same for disks that hold the same. */
  readonly digest: string;
  /** Writes it all into a folder that is not there yet. */
  writeTo(folder: string): void;
}

/** What a disk holds that was `from` before some steps at `root`, when it crashes after them. */
export function crashedDisk(
  { root, from }: { readonly root: string; readonly from: string },
  operations: readonly Operation[],
  loss: Loss,
): CrashedDisk {
  const disk = loadFolder(from);
  const files = new Map<number, FileNode>();
  for (const operation of operations) replay({ disk, root, files }, operation);
  const left = survivors(disk, keepRule(loss));
  const hash = createHash("sha256");
  digestInto(hash, left);
  return { digest: hash.digest("hex"), writeTo: (folder) => store(left, folder) };
}

interface Replay {
  readonly disk: FolderNode;
  readonly root: string;
  readonly files: Map<number, FileNode>;
}

function replay({ disk, root, files }: Replay, operation: Operation): void {
  const at = (path: string) => locate(disk, path.slice(root.length + 1));
  switch (operation.kind) {
    case "create": {
      const node: FileNode = {
        kind: "file",
        mode: operation.mode,
        content: new Uint8Array(),
        synced: new Uint8Array(),
      };
      files.set(operation.file, node);
      const { folder, name } = at(operation.path);
      folder.entries.set(name, node);
      return;
    }
    case "write": {
      const node = fileOf(files, operation.file);
      node.content = Buffer.concat([node.content, operation.bytes]);
      return;
    }
    case "sync": {
      const node = fileOf(files, operation.file);
      node.synced = node.content;
      return;
    }
    case "folder": {
      const { folder, name } = at(operation.path);
      folder.entries.set(name, {
        kind: "folder",
        mode: operation.mode,
        entries: new Map(),
        synced: new Map(),
      });
      return;
    }
    case "link": {
      const { folder, name } = at(operation.path);
      folder.entries.set(name, { kind: "link", target: operation.target });
      return;
    }
    case "rename": {
      const source = at(operation.from);
      const node = source.folder.entries.get(source.name);
      if (node === undefined) throw new Error(`nothing to rename at ${operation.from}`);
      source.folder.entries.delete(source.name);
      const target = at(operation.to);
      target.folder.entries.set(target.name, node);
      return;
    }
    case "remove_file":
    case "remove_folder": {
      const { folder, name } = at(operation.path);
      folder.entries.delete(name);
      return;
    }
    case "sync_folder": {
      const folder = operation.path === root ? disk : folderAt(at(operation.path));
      folder.synced = new Map(folder.entries);
    }
  }
}

function locate(disk: FolderNode, path: string): { readonly folder: FolderNode; readonly name: string } {
  const segments = path.split("/");
  const name = segments.pop() ?? "";
  const folder = segments.reduce((parent, segment) => folderAt({ folder: parent, name: segment }), disk);
  return { folder, name };
}

function folderAt({ folder, name }: { readonly folder: FolderNode; readonly name: string }): FolderNode {
  const node = folder.entries.get(name);
  if (node?.kind !== "folder") throw new Error(`${name} is no folder`);
  return node;
}

function fileOf(files: ReadonlyMap<number, FileNode>, file: number): FileNode {
  const node = files.get(file);
  if (node === undefined) throw new Error(`there is no file ${file}`);
  return node;
}

/** Whether what was not fsynced is kept: asked for each entry and each content. */
function keepRule(loss: Loss): (what: "entries" | "content") => boolean {
  switch (loss.kind) {
    case "killed":
      return () => true;
    case "synced":
      return () => false;
    case "metadata":
      return (what) => what === "entries";
    case "mixed": {
      let state = loss.seed;
      return () => {
        // Numerical Recipes' linear congruential generator; its high bits are good enough for this.
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 31 === 1;
      };
    }
  }
}

function loadFolder(path: string): FolderNode {
  const entries = new Map<string, Node>();
  for (const name of readdirSync(path)) {
    const inside = `${path}/${name}`;
    const stats = lstatSync(inside);
    if (stats.isDirectory()) entries.set(name, loadFolder(inside));
    else if (stats.isSymbolicLink()) entries.set(name, { kind: "link", target: readlinkSync(inside) });
    else {
      const content = readFileSync(inside);
      entries.set(name, { kind: "file", mode: stats.mode & 0o777, content, synced: content });
    }
  }
  return { kind: "folder", mode: lstatSync(path).mode & 0o777, entries, synced: new Map(entries) };
}

/** The disk with only what is kept. */
function survivors(
  { mode, entries, synced }: FolderNode,
  keeps: (what: "entries" | "content") => boolean,
): FolderNode {
  const kept = [...new Set([...entries.keys(), ...synced.keys()])]
    .toSorted()
    .flatMap((name): [string, Node][] => {
      const node = (keeps("entries") ? entries : synced).get(name);
      return node === undefined ? [] : [[name, node]];
    });
  const left = kept.map(([name, node]): [string, Node] => {
    if (node.kind === "folder") return [name, survivors(node, keeps)];
    if (node.kind === "link") return [name, node];
    return [name, { ...node, content: keeps("content") ? node.content : node.synced }];
  });
  return { kind: "folder", mode, entries: new Map(left), synced: new Map() };
}

function digestInto(hash: Hash, { mode, entries }: FolderNode): void {
  hash.update(`(${mode}`);
  for (const [name, node] of entries) {
    hash.update(`${node.kind} ${name} `);
    if (node.kind === "folder") digestInto(hash, node);
    else if (node.kind === "link") hash.update(node.target);
    else hash.update(`${node.mode} ${node.content.byteLength} `).update(node.content);
  }
  hash.update(")");
}

function store({ mode, entries }: FolderNode, path: string): void {
  mkdirSync(path, { mode: 0o755 });
  for (const [name, node] of entries) {
    const inside = `${path}/${name}`;
    if (node.kind === "folder") store(node, inside);
    else if (node.kind === "link") symlinkSync(node.target, inside);
    else {
      writeFileSync(inside, node.content);
      chmodSync(inside, node.mode);
    }
  }
  chmodSync(path, mode);
}
