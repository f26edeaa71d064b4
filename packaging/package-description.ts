/** Where the content of a packaged file comes from. */
export type Source =
  /** A file of this repository, or of what `npm run build` makes. */
  | { readonly kind: "file"; readonly path: string }
  /** All files below a folder of this repository; the entry's path is where they go. Without `entry` it is not complete. */
  | { readonly kind: "folder"; readonly path: string; readonly entry: string }
  /** Given to the build. */
  | { readonly kind: "node" | "trust_anchor" | "seed" }
  /** Written from the description. */
  | { readonly kind: "changelog" | "copyright" | "lintian_overrides" };

/** One entry of a package. All belong to root; a folder above it is made with mode 0755. */
export interface FileEntry {
  /** Absolute, as installed. */
  readonly path: string;
  readonly mode: number;
  readonly from: Source;
  /** The operator's to change: an upgrade asks, or leaves it. */
  readonly isConfiguration?: true;
  /** Where only one kind of package has it. */
  readonly only?: PackageFormat;
}

/** A folder that the package makes when it is set up, and does not own: what is in it is the host's. */
export interface StateFolder {
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
}

export type PackageFormat = "deb" | "rpm";
export type PackageArch = "amd64" | "arm64";

/** What another package must bring, in the words of each system. */
export interface Dependency {
  readonly deb: string;
  readonly rpm: string;
}

/** One package, whatever the format it is built in. */
export interface PackageDescription {
  readonly name: string;
  readonly summary: string;
  /** Sentences, one paragraph. */
  readonly text: string;
  readonly files: readonly FileEntry[];
  /** Folders that belong to the package, with nothing in them or with files that others put there. */
  readonly folders: readonly string[];
  readonly state: readonly StateFolder[];
  /** The system user, with a group of the same name, that it makes. */
  readonly user: { readonly name: string; readonly home: string; readonly comment: string };
  readonly units: {
    /** Enabled, unless the administrator has said otherwise. */
    readonly enabled: readonly string[];
    /** Every unit, in the order in which they are stopped. */
    readonly all: readonly string[];
  };
  readonly needs: readonly Dependency[];
  /** What it works better with, and installs by default. */
  readonly recommends: readonly Dependency[];
  /** Shell functions `set_up`, `removing` and `purged` of this package. */
  readonly scriptlets: string;
}
