/** What one workspace may import, besides its own files and the npm packages in its own package.json. */
export interface LayoutRow {
  /** Where it is in the repository. */
  folder: string;
  /** Workspaces it may import, by their short names. */
  workspaces: string[];
  /** Node's own modules it may import. */
  node: "all" | string[];
  /** npm packages it may declare at all; left out, it may declare any. */
  npm?: string[];
  /** Its row in docs/architecture.md, word for word. */
  documented: string;
}

/** Who may import whom. docs/architecture.md has the same table, and the test compares them. */
export const LAYOUT: Record<string, LayoutRow> = {
  core: {
    folder: "packages/core",
    workspaces: [],
    node: [],
    npm: ["semver", "@types/semver"],
    documented: "nothing: no `node:*`, no npm package but `semver`",
  },
  trust: {
    folder: "packages/trust",
    workspaces: ["core"],
    node: ["node:buffer", "node:crypto"],
    documented: "core, `node:crypto`, the trust libraries",
  },
  protocol: {
    folder: "packages/protocol",
    workspaces: ["core"],
    node: "all",
    documented: "core",
  },
  fleet: {
    folder: "packages/fleet",
    workspaces: ["core", "trust", "protocol"],
    node: "all",
    documented: "core, trust, protocol",
  },
  "agent-sdk": {
    folder: "packages/agent-sdk",
    workspaces: ["core", "trust", "protocol"],
    node: "all",
    documented: "core, trust, protocol",
  },
  "local-fleet": {
    folder: "packages/local-fleet",
    workspaces: ["core", "protocol"],
    node: "all",
    documented: "core, protocol (the apps are child processes)",
  },
  server: {
    folder: "apps/server",
    workspaces: ["fleet", "protocol", "trust", "core"],
    node: "all",
    documented: "fleet, protocol, trust, core",
  },
  agent: {
    folder: "apps/agent",
    workspaces: ["agent-sdk", "core"],
    node: "all",
    documented: "agent-sdk, core",
  },
  updater: {
    folder: "apps/updater",
    workspaces: ["trust", "core"],
    node: "all",
    npm: ["tar-stream", "@types/tar-stream"],
    documented: "trust, core",
  },
  cli: {
    folder: "apps/cli",
    workspaces: ["protocol", "trust", "core", "local-fleet"],
    node: "all",
    documented: "protocol, trust, core, local-fleet (for `demo`)",
  },
  simulator: {
    folder: "apps/simulator",
    workspaces: ["agent-sdk", "protocol", "trust", "core", "local-fleet"],
    node: "all",
    documented: "agent-sdk, protocol, trust, core, local-fleet",
  },
  web: {
    folder: "apps/web",
    workspaces: ["protocol", "core"],
    node: [],
    documented: "protocol, core",
  },
  e2e: {
    folder: "e2e",
    workspaces: ["protocol", "trust", "core", "local-fleet"],
    node: "all",
    documented: "protocol, trust, core, local-fleet (the apps are child processes)",
  },
};

/** The root's development dependencies that tests, and the contract suites under `testing/`, may import. */
export const TEST_PACKAGES = ["vitest", "fast-check"];

/** Folder names that say nothing about what is inside. */
export const FORBIDDEN_FOLDERS = ["utils", "lib", "helpers", "common", "managers"];
