import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PackageDescription, PackageFormat } from "./package-description.ts";

/** The scripts of a package, by the names that its format gives them. */
export type Scripts = Readonly<Record<string, string>>;

const COMMON = "packaging/scriptlets/common.sh";

/** When each system calls which function; the functions are the package's own. */
const CALLS: Readonly<Record<PackageFormat, Scripts>> = {
  deb: {
    postinst: `case "$1" in
  configure)
    if [ -z "\${2:-}" ]; then set_up first; else set_up again; fi
    ;;
  abort-upgrade | abort-remove | abort-deconfigure)
    set_up again
    ;;
esac
`,
    // An upgrade stops nothing: the files are replaced under what runs.
    prerm: `if [ "$1" = remove ]; then
  removing
fi
`,
    postrm: `case "$1" in
  remove)
    drop_units
    ;;
  purge)
    purged
    forget_units
    drop_units
    ;;
esac
`,
  },
  // $1 is how many versions of the package stay.
  rpm: {
    post: `if [ "$1" -gt 1 ]; then set_up again; else set_up first; fi
`,
    preun: `if [ "$1" -eq 0 ]; then
  removing
  forget_units
fi
`,
    // There is no purge here, see the runbook.
    postun: `if [ "$1" -eq 0 ]; then
  drop_units
fi
`,
  },
};

/** The package's scripts for one format: POSIX sh, to be run again at any time. */
export function packageScripts(
  root: string,
  description: PackageDescription,
  format: PackageFormat,
): Scripts {
  const functions = [COMMON, `packaging/scriptlets/${format}.sh`, description.scriptlets]
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");
  const beginning = `#!/bin/sh\nset -e\n\n${variables(description)}\n${functions}\n${stateFolders(description)}\n`;
  return Object.fromEntries(
    Object.entries(CALLS[format]).map(([name, calls]) => [name, `${beginning}${calls}`]),
  );
}

function variables({ name, user, units }: PackageDescription): string {
  const values = {
    PACKAGE: name,
    PACKAGE_USER: user.name,
    PACKAGE_HOME: user.home,
    PACKAGE_COMMENT: user.comment,
    UNITS_ENABLED: units.enabled.join(" "),
    UNITS_ALL: units.all.join(" "),
  };
  return Object.entries(values)
    .map(([variable, value]) => `# shellcheck disable=SC2034\n${variable}='${value}'\n`)
    .join("");
}

function stateFolders({ state }: PackageDescription): string {
  const lines = state.map(
    ({ path, mode, owner }) => `  make_folder ${mode.toString(8).padStart(4, "0")} ${owner} ${path}`,
  );
  return `make_state_folders() {\n${lines.length === 0 ? "  :" : lines.join("\n")}\n}\n`;
}
