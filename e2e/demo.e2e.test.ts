import { join } from "node:path";
import { Program, temporaryFolder } from "@muster/local-fleet";
import { expect, test } from "vitest";
import { PROJECT, useCleanUp } from "./fleet.ts";

const cleanUp = useCleanUp();

test("the demonstration tells its story to the end and leaves nothing behind", async () => {
  const folder = await temporaryFolder("muster-e2e-demo");
  cleanUp.defer(folder.dispose);
  const demo = new Program([
    process.execPath,
    join(PROJECT, "apps/cli/src/main.ts"),
    "demo",
    "--hosts",
    "3",
    "--folder",
    join(folder.path, "demo"),
  ]);
  const story = await demo.success();
  expect(story).toMatch(/1\.1\.0 +good +every host updated +3 of 3/);
  expect(story).toMatch(
    /1\.2\.0 +crashes after start +halted at its canary, which came back by itself +1 of 3/,
  );
  expect(story).toMatch(/1\.3\.0 +never connects +halted at its canary, which came back by itself +1 of 3/);
  expect(story).toMatch(/1\.4\.0 +tampered after signing +refused at publishing +0/);
  expect(story.match(/host-\d +1\.1\.0 +healthy/g)).toHaveLength(3);
});
