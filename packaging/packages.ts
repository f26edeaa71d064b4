// What the packages hold and do: deb and rpm are both made from this.
import { posix } from "node:path";
import { hostLayout } from "../packages/core/src/index.ts";
import type { Dependency, FileEntry, PackageDescription, StateFolder } from "./package-description.ts";

export const MAINTAINER = "Muster maintainers <packages@muster.invalid>";

/** What the Node runtime is linked to: the symbols of glibc 2.28, GCC 5 and later. */
const NODE_NEEDS: readonly Dependency[] = [
  { deb: "libc6 (>= 2.28)", rpm: "libc.so.6(GLIBC_2.28)(64bit)" },
  { deb: "libgcc-s1 (>= 3.4) | libgcc1", rpm: "libgcc_s.so.1(GCC_3.4)(64bit)" },
  { deb: "libstdc++6 (>= 5)", rpm: "libstdc++.so.6(GLIBCXX_3.4.21)(64bit)" },
];
/** For the system user. */
const USER_NEEDS: readonly Dependency[] = [{ deb: "passwd", rpm: "/usr/sbin/useradd" }];
const SYSTEMD: readonly Dependency[] = [{ deb: "systemd (>= 247)", rpm: "systemd >= 239" }];

const UNITS = "/usr/lib/systemd/system";

const agentState = hostLayout("/var/lib/muster");

export const AGENT: PackageDescription = {
  name: "muster-agent",
  summary: "Muster on a managed host: launcher, updater and their runtime",
  text:
    "Muster updates fleets of agents: releases are signed, rollouts go in waves, and a host brings itself back when a " +
    "new version is bad. This package holds what a host keeps for itself and no update changes: the launcher, the " +
    "updater, the runtime they use, the keys that releases must be signed with, and the version a host starts with.",
  files: [
    ...programs("muster-agent", ["dist/host/muster-updater", "dist/host/muster-agent"]),
    { path: "/usr/lib/muster-agent/trust-anchor.json", mode: 0o644, from: { kind: "trust_anchor" } },
    { path: "/usr/lib/muster-agent/seed", mode: 0o644, from: { kind: "seed" } },
    command("muster-agent", "packaging/agent/bin"),
    command("muster-updater", "packaging/agent/bin"),
    ...[
      "muster-agent.service",
      "muster-updater.path",
      "muster-updater.service",
      "muster-recovery.service",
    ].map(unit),
    preset("muster-agent"),
    {
      path: "/etc/muster/policy.json",
      mode: 0o644,
      from: { kind: "file", path: "packaging/agent/policy.json" },
      isConfiguration: true,
    },
    ...documents("muster-agent"),
  ],
  folders: ["/etc/muster"],
  state: [
    rootFolder(agentState.root, 0o755),
    rootFolder(agentState.versions, 0o755),
    rootFolder(agentState.manifests, 0o755),
    rootFolder(agentState.outcomes, 0o755),
    rootFolder(agentState.backups, 0o700),
    rootFolder(agentState.temporary, 0o711),
    { path: agentState.identity, mode: 0o700, owner: "muster" },
    { path: agentState.staging, mode: 0o700, owner: "muster" },
    { path: agentState.run, mode: 0o755, owner: "muster" },
  ],
  user: { name: "muster", home: agentState.root, comment: "Muster agent" },
  units: {
    enabled: ["muster-agent.service", "muster-updater.path", "muster-updater.service"],
    all: ["muster-updater.path", "muster-recovery.service", "muster-updater.service", "muster-agent.service"],
  },
  needs: [...NODE_NEEDS, ...USER_NEEDS],
  recommends: SYSTEMD,
  scriptlets: "packaging/agent/scriptlets.sh",
};

export const SERVER: PackageDescription = {
  name: "muster-server",
  summary: "Control plane of Muster: registry, rollouts, gateway and pages",
  text:
    "Muster updates fleets of agents: releases are signed, rollouts go in waves, and a host brings itself back when a " +
    "new version is bad. This package holds the server that agents connect to and people look at, and the command " +
    "that operates it.",
  files: [
    ...programs("muster-server", ["dist/server/muster-server", "dist/server/muster"]),
    { path: "/usr/lib/muster-server/trust-anchor.json", mode: 0o644, from: { kind: "trust_anchor" } },
    {
      path: "/usr/lib/muster-server/web",
      mode: 0o644,
      from: { kind: "folder", path: "apps/web/dist", entry: "index.html" },
    },
    command("muster-server", "packaging/server/bin"),
    command("muster", "packaging/server/bin"),
    unit("muster-server.service"),
    preset("muster-server"),
    {
      path: "/etc/muster-server/server.env",
      // It may hold the password of a database.
      mode: 0o600,
      from: { kind: "file", path: "packaging/server/server.env" },
      isConfiguration: true,
    },
    ...documents("muster-server"),
  ],
  folders: ["/etc/muster-server"],
  // systemd makes its state folder, see the unit.
  state: [],
  user: { name: "muster-server", home: "/var/lib/muster-server", comment: "Muster server" },
  units: { enabled: ["muster-server.service"], all: ["muster-server.service"] },
  needs: [...NODE_NEEDS, ...USER_NEEDS],
  recommends: SYSTEMD,
  scriptlets: "packaging/server/scriptlets.sh",
};

export const PACKAGES: readonly PackageDescription[] = [AGENT, SERVER];

/** The runtime, and programs bundled into one file each (without its ending here), with the licences of what is in them. */
function programs(packageName: string, bundles: readonly string[]): readonly FileEntry[] {
  const at = (name: string) => `/usr/lib/${packageName}/${name}`;
  return [
    { path: at("node"), mode: 0o755, from: { kind: "node" } },
    {
      path: at("node.licences.txt"),
      mode: 0o644,
      from: { kind: "file", path: "packaging/licences/node.txt" },
    },
    ...bundles
      .flatMap((bundle) => [`${bundle}.mjs`, `${bundle}.licences.txt`])
      .map(
        (path): FileEntry => ({
          path: at(posix.basename(path)),
          mode: 0o644,
          from: { kind: "file", path },
        }),
      ),
  ];
}

function command(name: string, folder: string): FileEntry {
  return { path: `/usr/bin/${name}`, mode: 0o755, from: { kind: "file", path: `${folder}/${name}` } };
}

function unit(name: string): FileEntry {
  return {
    path: `${UNITS}/${name}`,
    mode: 0o644,
    from: { kind: "file", path: `packaging/systemd/${name}` },
  };
}

/** Debian enables the units of what is installed; elsewhere a preset says so. */
function preset(name: string): FileEntry {
  return {
    path: `/usr/lib/systemd/system-preset/80-${name}.preset`,
    mode: 0o644,
    from: { kind: "file", path: `packaging/systemd/80-${name}.preset` },
    only: "rpm",
  };
}

function documents(name: string): readonly FileEntry[] {
  return [
    { path: `/usr/share/doc/${name}/copyright`, mode: 0o644, from: { kind: "copyright" }, only: "deb" },
    {
      path: `/usr/share/licenses/${name}/LICENSE`,
      mode: 0o644,
      from: { kind: "file", path: "LICENSE" },
      only: "rpm",
    },
    {
      path: `/usr/share/doc/${name}/changelog.gz`,
      mode: 0o644,
      from: { kind: "changelog" },
      only: "deb",
    },
    {
      path: `/usr/share/lintian/overrides/${name}`,
      mode: 0o644,
      from: { kind: "lintian_overrides" },
      only: "deb",
    },
  ];
}

function rootFolder(path: string, mode: number): StateFolder {
  return { path, mode, owner: "root" };
}
