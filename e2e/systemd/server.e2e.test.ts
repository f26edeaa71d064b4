import { join } from "node:path";
import { PRODUCT, type ReleaseFiles, until } from "@muster/local-fleet";
import { type Client, createClient } from "@muster/protocol/http";
import { beforeAll, expect, test } from "vitest";
import { BoxFleet } from "../box/box-fleet.ts";
import type { BoxHost } from "../box/box-host.ts";
import { runOk } from "../box/run.ts";
import { LIMITS, PROJECT, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

const HTTP_PORT = 8080;

let boxes: BoxFleet;
let server: BoxHost;
let host: BoxHost;
let address: string;
let token: string;
let client: Client;

beforeAll(async () => {
  boxes = await BoxFleet.start(cleanUp);
  const seed = await boxes.fleet.make({ version: "1.0.0" });
  server = await boxes.addBox("server");
  await server.install(await boxes.package("0.1.0", seed, "server"));
  const settings = [`MUSTER_HOST=${server.box.address}`, `MUSTER_GATEWAY_NAME=${server.box.address}`];
  await server.box.write("/etc/muster-server/server.env", `${settings.join("\n")}\n`);
  await server.box.sh("systemctl restart muster-server.service");
  const print =
    "journalctl --unit muster-server --output=cat | grep --only-matching 'Administrator token: .*'";
  token = (await server.box.waitUntil("the server to be ready", print)).replace(/.*: /, "");
  await server.box.sh("sync");
  address = await boxes.network.forward(HTTP_PORT, server.box.address);
  client = createClient({ server: `http://${address}`, token });
  await until("the API to answer", () => client.overview().then(Boolean, () => false));
  await publish(seed);
  host = await boxes.addBox("host");
  await host.install(await boxes.package("0.1.0", seed));
  const { token: joining } = await client.tokens.create({ maxUses: 1 });
  const gateway = `${server.box.address}:8443`;
  await host.box.sh(`muster-agent enroll --server ${gateway} --token ${joining} --product ${PRODUCT}; sync`);
  await until("the host to be online", async () => (await client.overview()).online === 1);
});

/** As an operator does, from another machine. */
async function publish({ folder }: ReleaseFiles): Promise<void> {
  const who = [`MUSTER_SERVER=http://${address}`, `MUSTER_TOKEN=${token}`];
  const muster = [process.execPath, join(PROJECT, "apps/cli/src/main.ts")];
  await runOk(["env", ...who, ...muster, "release", "publish", folder]);
}

test("a server from its package updates a host from its package, through a power cut of the server", async () => {
  await publish(await boxes.fleet.make({ version: "1.1.0" }));
  const { id } = await client.rollouts.create({
    product: PRODUCT,
    version: "1.1.0",
    cohort: { kind: "all" },
    strategy: { kind: "immediate" },
    limits: { ...LIMITS, deadlineMs: 60_000 },
  });
  await server.box.cut();
  const since = performance.now();
  await server.box.boot();
  const ended = await until(
    "the rollout to end",
    () =>
      client.rollouts.get(id).then(
        (rollout) => rollout.state !== "running" && rollout,
        // Its server is on the way up.
        () => false as const,
      ),
    { timeoutMs: 90_000 },
  );
  expect(ended).toMatchObject({ state: "completed", counts: { healthy: 1 } });
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  expect(await host.runningVersion()).toBe("1.1.0");
  expect(await host.changedPackageFiles()).toBe("");
  expect((await server.box.exec(["dpkg", "--verify", "muster-server"])).stdout).toMatch(
    /^(\?\?5\?{6} c \/etc\/muster-server\/server\.env\n)?$/,
  );
  console.log(
    `TABLE | power cut of the server | right after a rollout began | 1.1.0 | healthy 1.1.0 | ${seconds} |`,
  );
});
