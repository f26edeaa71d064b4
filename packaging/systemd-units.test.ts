import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { PACKAGES } from "./packages.ts";
import { REPOSITORY } from "./testing/stand-ins.ts";

const FOLDER = join(REPOSITORY, "packaging/systemd");
const canAnalyze = spawnSync("systemd-analyze", ["security", "--help"]).status === 0;

/** What systemd may rate a unit's exposure at the most, in tenths; root's programs need a few powers more. */
const EXPOSURE: Readonly<Record<string, number>> = {
  "muster-agent.service": 25,
  "muster-server.service": 25,
  "muster-updater.service": 35,
  "muster-recovery.service": 35,
};

test("every unit is in a package, and every service has its rating", () => {
  const units = globSync("*.{service,path,timer,socket}", { cwd: FOLDER });
  expect(units.toSorted()).toEqual(PACKAGES.flatMap(({ units: { all } }) => all).toSorted());
  expect(units.filter((name) => name.endsWith(".service")).toSorted()).toEqual(
    Object.keys(EXPOSURE).toSorted(),
  );
});

test("a unit is enabled if it says by what, and by the preset that goes with it", () => {
  for (const { name, units } of PACKAGES) {
    const wanted = units.all.filter((unit) => /^WantedBy=/m.test(readFileSync(join(FOLDER, unit), "utf8")));
    expect(units.enabled.toSorted()).toEqual(wanted.toSorted());
    const preset = readFileSync(join(FOLDER, `80-${name}.preset`), "utf8");
    expect(preset.trim().split("\n").toSorted()).toEqual(
      units.enabled.map((unit) => `enable ${unit}`).toSorted(),
    );
  }
});

test.skipIf(!canAnalyze).for(Object.entries(EXPOSURE))(
  "%s is exposed to %i tenths at the most",
  ([unit, tenths]) => {
    const args = ["security", "--offline=true", `--threshold=${tenths}`, join(FOLDER, unit)];
    const { status, stdout } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
    expect({ unit: basename(unit), status, rating: stdout.trim().split("\n").at(-1) }).toMatchObject({
      status: 0,
    });
  },
);
