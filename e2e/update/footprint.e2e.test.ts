import { expect, test } from "vitest";
import { startFleet, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

test("where a unit starts the payload, the payload is the one process that stays", async () => {
  const fleet = await startFleet(cleanUp);
  const [host] = await fleet.addHosts(["web-1"], await fleet.make({ version: "1.0.0" }), { by: "launcher" });
  if (!host) throw new Error("the fleet has no host");
  const { pid } = host.supervisor;
  const payload = `${host.layout.versions}/1.0.0/muster-agent.mjs`;
  expect(await host.processes()).toEqual([{ pid, command: expect.arrayContaining([payload]) }]);

  // What an administrator runs beside it leaves nothing behind either.
  await host.updater(["status"]).success();
  await host.updater(["recover"]).success();
  await host.agent(["status"]).success();
  expect(await host.processes()).toMatchObject([{ pid }]);
});
