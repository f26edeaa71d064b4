import { readFile, writeFile } from "node:fs/promises";
import type { RolloutRequest } from "@muster/protocol/http";
import { PRODUCT, type LocalFleet, type ReleaseFiles } from "@muster/local-fleet";
import { followRollout, type Ending } from "./follow.ts";
import type { Narrator } from "./narrator.ts";

export interface DemoOptions {
  /** The repository's root. */
  readonly project: string;
  /** Where the server and the hosts live; made anew. */
  readonly folder: string;
  readonly hosts: number;
}

/** One rollout of the story, as the closing table shows it. */
export interface Act {
  readonly release: string;
  readonly what: string;
  readonly result: string;
  readonly touched: string;
  readonly seconds: string;
  readonly ending: Ending | null;
}

/** Healthy after a second, given up after six: a story has less patience than a fleet (10 s and 180 s). */
const LIMITS = { deadlineMs: 6000, stabilizationMs: 1000, maxBoots: 3 };

/** Plays the whole story on a fleet that has just been started, and leaves it running. */
export async function playDemo(
  fleet: LocalFleet,
  narrator: Narrator,
  { hosts }: Pick<DemoOptions, "hosts">,
): Promise<readonly Act[]> {
  narrator.good(`the server runs at ${fleet.server.url}, its gateway at ${fleet.server.gateway}`);
  narrator.say(`The private key stays here: ${fleet.keys.join(", ")}`);
  narrator.say("The server and the hosts know only its public half.");

  narrator.scene("Five releases: built, signed, published");
  const releases = await makeReleases(fleet);
  const published = [releases.first, releases.good, releases.crashing, releases.mute];
  await Promise.all(published.map((release) => fleet.publish(release)));
  narrator.good("1.0.0, 1.1.0, 1.2.0 and 1.3.0 are signed, published and mirrored");

  narrator.scene(`${hosts} hosts, each with its own folder, identity and processes`);
  const names = Array.from({ length: hosts }, (_, index) => `host-${index + 1}`);
  await fleet.addHosts(names, releases.first, { labels: labelsOf });
  narrator.good(`all ${hosts} run 1.0.0 and are connected by mutual TLS`);

  const acts: Act[] = [];
  const scene = async (text: string, run: () => Promise<Act>) => {
    narrator.scene(text);
    acts.push(await run());
  };
  await scene("1.1.0 is good: it goes out in three waves, one host first", () =>
    roll(fleet, narrator, { version: "1.1.0", what: "good" }),
  );
  await scene("1.2.0 passes its preflight, then crashes after it starts", () =>
    roll(fleet, narrator, { version: "1.2.0", what: "crashes after start" }),
  );
  await scene("1.3.0 starts and runs, but never connects", () =>
    roll(fleet, narrator, { version: "1.3.0", what: "never connects" }),
  );
  await scene("1.4.0 was signed, then somebody changed a byte of the archive", () =>
    refuseTampered(fleet, narrator, releases.tampered),
  );
  return acts;
}

function labelsOf(name: string) {
  return { env: name === "host-1" ? "test" : "production" };
}

async function makeReleases(fleet: LocalFleet) {
  const [first, good, crashing, mute, tampered] = await Promise.all([
    fleet.make({ version: "1.0.0" }),
    fleet.make({ version: "1.1.0" }),
    fleet.make({ version: "1.2.0", behaviour: "crashes" }),
    fleet.make({ version: "1.3.0", behaviour: "never_connects" }),
    fleet.make({ version: "1.4.0" }),
  ]);
  await changeOneByte(tampered.archive);
  return { first, good, crashing, mute, tampered };
}

async function changeOneByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  const middle = bytes.byteLength >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

async function roll(
  fleet: LocalFleet,
  narrator: Narrator,
  { version, what }: { version: string; what: string },
): Promise<Act> {
  const request: RolloutRequest = {
    product: PRODUCT,
    version,
    cohort: { kind: "all" },
    strategy: {
      kind: "waves",
      waves: [{ count: 1 }, { percent: 50 }, { percent: 100 }],
      settleMs: 500,
      approval: "automatic",
    },
    limits: LIMITS,
  };
  const preview = await fleet.client.rollouts.preview(request);
  narrator.say(
    `preview: ${preview.ready} hosts ready, ${preview.excluded} excluded; waves of ${preview.waves.map(({ size }) => size).join(", ")}`,
  );
  const { id } = await fleet.client.rollouts.create(request);
  const ending = await followRollout(fleet.client, id, narrator);
  const { rollout } = ending;
  if (rollout.state === "completed") narrator.good(`every host runs ${version}`);
  else {
    await fleet.client.rollouts.act(id, "cancel");
    narrator.good(
      `the other ${rollout.counts.planned - rollout.touched} hosts were never touched; nobody had to log in anywhere`,
    );
  }
  return {
    release: version,
    what,
    result:
      rollout.state === "completed"
        ? "every host updated"
        : "halted at its canary, which came back by itself",
    touched: `${rollout.touched} of ${rollout.counts.planned}`,
    seconds: (ending.tookMs / 1000).toFixed(1),
    ending,
  };
}

async function refuseTampered(fleet: LocalFleet, narrator: Narrator, release: ReleaseFiles): Promise<Act> {
  const startedAt = performance.now();
  const publish = fleet.muster(["release", "publish", "--no-check", release.folder]);
  const refused = (await publish.ended) !== 0;
  if (!refused) throw new Error("the server took a tampered archive");
  narrator.quote(publish.lines.join("\n"));
  narrator.good("refused: no host ever heard of it");
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  return {
    release: release.version,
    what: "tampered after signing",
    result: "refused at publishing",
    touched: "0",
    seconds,
    ending: null,
  };
}
