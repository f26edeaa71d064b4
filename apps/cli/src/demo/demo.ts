import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RolloutRequest } from "@muster/protocol/http";
import { LocalFleet, PRODUCT, type ReleaseFiles } from "@muster/local-fleet";
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

/** Plays the whole story on real processes; the fleet is left running. */
export async function playDemo(
  options: DemoOptions,
  narrator: Narrator,
): Promise<{ fleet: LocalFleet; acts: readonly Act[] }> {
  narrator.scene("A release key, a server, and five releases");
  const fleet = await LocalFleet.start(options);
  narrator.say(
    `The private key stays here, in ${join(options.folder, "keys")}; the server and the hosts know only the public half.`,
  );
  narrator.good(`the server runs at ${fleet.server.url}, its gateway at ${fleet.server.gateway}`);
  const releases = await makeReleases(fleet);
  for (const release of [releases.first, releases.good, releases.crashing, releases.mute])
    await fleet.publish(release);
  narrator.good("1.0.0, 1.1.0, 1.2.0 and 1.3.0 are signed, published and mirrored");

  narrator.scene(`${options.hosts} hosts, each with its own folder, identity and processes`);
  const names = Array.from({ length: options.hosts }, (_, index) => `host-${index + 1}`);
  await fleet.addHosts(names, releases.first, { labels: labelsOf });
  narrator.good(`all ${options.hosts} run 1.0.0 and are connected by mutual TLS`);

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
  return { fleet, acts };
}

function labelsOf(name: string) {
  return { env: name === "host-1" ? "test" : "production" };
}

async function makeReleases(fleet: LocalFleet) {
  const tampered = await fleet.make({ version: "1.4.0" });
  const bytes = await readFile(tampered.archive);
  const middle = bytes.byteLength >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(tampered.archive, bytes);
  return {
    first: await fleet.make({ version: "1.0.0" }),
    good: await fleet.make({ version: "1.1.0" }),
    crashing: await fleet.make({ version: "1.2.0", behaviour: "crashes" }),
    mute: await fleet.make({ version: "1.3.0", behaviour: "never_connects" }),
    tampered,
  };
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
  const publish = fleet.muster(["release", "publish", release.folder]);
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
