import { setImmediate } from "node:timers/promises";
import { Readable } from "node:stream";
import { MusterError } from "@muster/core";
import { releasePageSchema, releaseSchema } from "@muster/protocol/http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createGuard, createGuardedFetcher } from "../adapters/fetcher/guarded-fetcher.ts";
import { createLocalBus } from "../adapters/local-bus.ts";
import { createSystemRandom } from "../adapters/system-random.ts";
import { createEventJournal } from "../events/event-journal.ts";
import type { Clock, FleetChange, ObjectStore } from "../ports.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { arriving } from "../testing/arriving.ts";
import { startHttpsOrigin } from "../testing/https-origin.ts";
import { createMemoryObjectStore } from "../testing/memory-object-store.ts";
import { createReleaseSigner, type SignedRelease } from "../testing/release-signer.ts";
import { testNetwork } from "../testing/test-network.ts";
import type { ArtifactFetcher, ReleaseRegistry } from "./ports.ts";
import type { RegistryPorts } from "./registry-ports.ts";
import { createReleaseRegistry } from "./release-registry.ts";

const ACTOR = { name: "ci", role: "administrator" } as const;
const KEY = { product: "app", version: "1.0.0" };
const TWO_ARCHIVES = { "linux/amd64": Buffer.from("for amd64"), "linux/arm64": Buffer.from("for arm64") };
const signer = createReleaseSigner({ keys: 3, threshold: 2 });

let db: Database;
let objects: ObjectStore;
let now: number;
let wakeUps: number[];
let changes: FleetChange[];
const onYank = vi.fn<RegistryPorts["onYank"]>(async () => {});
const onError = (error: unknown) => {
  throw error;
};

beforeEach(async () => {
  db = await openDatabase({ path: ":memory:" });
  objects = createMemoryObjectStore();
  now = 1_000_000;
  wakeUps = [];
  changes = [];
  onYank.mockClear();
});
afterEach(async () => {
  await db.destroy();
});

/** Sleeps are over at once, and noted. */
const clock: Clock = {
  now: () => (now += 1),
  wakeAt: (at, callback) => {
    wakeUps.push(at - now);
    queueMicrotask(callback);
    return () => {};
  },
};

const refuses: ArtifactFetcher = {
  fetch: () => {
    throw new Error("nothing should be fetched");
  },
};

/** Serves the archives; `before` may fail a fetch. */
function serves(release: SignedRelease, before: (url: string) => void = () => {}): ArtifactFetcher {
  return {
    fetch: async ({ location: { url } }) => {
      before(url);
      const platform = url.replace("https://archives.test/", "");
      return arriving([release.archives[platform] ?? Buffer.from("no such archive")]);
    },
  };
}

function registryWith(fetcher: ArtifactFetcher = refuses): ReleaseRegistry {
  const bus = createLocalBus(onError);
  bus.subscribe((change) => changes.push(change));
  return createReleaseRegistry({
    db,
    objects,
    trustedAnchor: signer.anchor,
    fetcher,
    locateImported: async () => null,
    clock,
    bus,
    events: createEventJournal({ clock, random: createSystemRandom() }),
    onYank,
    onError,
  });
}

async function stateAfterWork(registry: ReleaseRegistry) {
  let release = await registry.get(KEY);
  while (release.state === "mirroring") {
    await setImmediate();
    release = await registry.get(KEY);
  }
  return release;
}

const upload = (registry: ReleaseRegistry, release: SignedRelease, platform: string) => {
  const [os = "", arch = ""] = platform.split("/");
  return registry.upload(
    { ...KEY, os, arch },
    Readable.from([release.archives[platform] ?? Buffer.alloc(0)]),
  );
};

const signedBy = (signers: number) =>
  ({ ...signer.sign({ version: "1.0.0", signers }), source: "upload" }) as const;

async function publishReady(registry: ReleaseRegistry) {
  const release = signer.sign({ version: "1.0.0" });
  await registry.publish({ ...release, source: "upload" }, ACTOR);
  await upload(registry, release, "linux/amd64");
  return release;
}

describe("publishing", () => {
  test("records what the signed manifest says, who signed and who published", async () => {
    const release = signer.sign({ version: "1.0.0", notes: "First.", archives: TWO_ARCHIVES, signers: 2 });
    const view = await registryWith().publish({ ...release, source: "upload" }, ACTOR);
    expect(releaseSchema.parse(view)).toEqual(view);
    expect(view).toMatchObject({
      ...KEY,
      channel: "stable",
      notes: "First.",
      floor: null,
      state: "draft",
      publishedBy: "ci",
      signedBy: ["key 1", "key 2"],
      artifacts: [
        { os: "linux", arch: "amd64", size: 9, mirrored: false, mirroredBytes: 0 },
        { os: "linux", arch: "arm64", size: 9, mirrored: false, mirroredBytes: 0 },
      ],
    });
    expect(changes).toContainEqual({ kind: "release", ...KEY });
  });

  test("keeps the signed bytes as they came", async () => {
    const release = signer.sign({ version: "1.0.0" });
    await registryWith().publish({ ...release, source: "upload" }, ACTOR);
    const row = await db.selectFrom("releases").select(["manifest", "signatures"]).executeTakeFirstOrThrow();
    expect(Buffer.from(row.manifest)).toEqual(Buffer.from(release.manifest));
    expect(Buffer.from(row.signatures)).toEqual(Buffer.from(release.signatures));
  });

  test.each([
    ["too few signatures", () => signer.sign({ version: "1.0.0", signers: 1 }), "SIGNATURE_INVALID"],
    [
      "keys that are not trusted",
      () => createReleaseSigner().sign({ version: "1.0.0" }),
      "SIGNATURE_INVALID",
    ],
    [
      "a manifest that was changed after it was signed",
      () => {
        const release = signer.sign({ version: "1.0.0" });
        const manifest = Buffer.from(Buffer.from(release.manifest).toString().replace("1.0.0", "9.0.0"));
        return { ...release, manifest };
      },
      "SIGNATURE_INVALID",
    ],
    [
      "signatures that are no signature file",
      () => ({ ...signer.sign({ version: "1.0.0" }), signatures: Buffer.from("{}") }),
      "SIGNATURE_MALFORMED",
    ],
  ])("refuses %s, and records nothing", async (_what, make, code) => {
    const registry = registryWith();
    await expect(registry.publish({ ...make(), source: "upload" }, ACTOR)).rejects.toMatchObject({ code });
    expect((await registry.list({ limit: 10 })).total).toBe(0);
  });

  test("the same bytes again change nothing", async () => {
    const registry = registryWith();
    const release = signer.sign({ version: "1.0.0" });
    const first = await registry.publish({ ...release, source: "upload" }, ACTOR);
    const again = await registry.publish({ ...release, source: "upload" }, { ...ACTOR, name: "other" });
    expect(again).toEqual(first);
    const ready = await upload(registry, release, "linux/amd64");
    expect(await registry.publish({ ...release, source: "url" }, ACTOR)).toEqual(ready);
  });

  test("the same bytes at the same moment are one release", async () => {
    const registry = registryWith();
    const release = signer.sign({ version: "1.0.0" });
    const request = { ...release, source: "upload" } as const;
    const [first, second] = await Promise.all([
      registry.publish(request, ACTOR),
      registry.publish(request, ACTOR),
    ]);
    expect(second).toEqual(first);
  });

  test("other bytes under the same version are refused", async () => {
    const registry = registryWith();
    await registry.publish({ ...signer.sign({ version: "1.0.0" }), source: "upload" }, ACTOR);
    const other = signer.sign({ version: "1.0.0", notes: "Other." });
    await expect(registry.publish({ ...other, source: "upload" }, ACTOR)).rejects.toMatchObject({
      code: "RELEASE_EXISTS",
    });
    expect((await registry.get(KEY)).notes).toBe("");
  });

  test("more signatures of the same release are taken, fewer are not", async () => {
    const registry = registryWith();
    await registry.publish(signedBy(2), ACTOR);
    expect((await registry.publish(signedBy(3), ACTOR)).signedBy).toHaveLength(3);
    expect((await registry.publish(signedBy(2), ACTOR)).signedBy).toHaveLength(3);
  });

  test("archives that the object store holds already make it ready at once", async () => {
    const registry = registryWith();
    const first = signer.sign({ version: "1.0.0", archives: TWO_ARCHIVES });
    await registry.publish({ ...first, source: "upload" }, ACTOR);
    for (const platform of Object.keys(TWO_ARCHIVES)) await upload(registry, first, platform);
    const second = signer.sign({ version: "1.0.1", archives: TWO_ARCHIVES });
    expect(await registry.publish({ ...second, source: "upload" }, ACTOR)).toMatchObject({ state: "ready" });
  });
});

describe("uploading", () => {
  test("the last artifact makes the release ready", async () => {
    const registry = registryWith();
    const release = signer.sign({ version: "1.0.0", archives: TWO_ARCHIVES });
    await registry.publish({ ...release, source: "upload" }, ACTOR);
    const half = await upload(registry, release, "linux/arm64");
    expect(half.state).toBe("mirroring");
    expect(half.artifacts.map(({ mirrored }) => mirrored)).toEqual([false, true]);
    const whole = await upload(registry, release, "linux/amd64");
    expect(whole).toMatchObject({ state: "ready", artifacts: [{ mirroredBytes: 9 }, { mirroredBytes: 9 }] });
    expect(await upload(registry, release, "linux/amd64")).toEqual(whole);
  });

  test("wrong content is refused, and the right one is taken afterwards", async () => {
    const registry = registryWith();
    const release = signer.sign({ version: "1.0.0" });
    await registry.publish({ ...release, source: "upload" }, ACTOR);
    const size = release.archives["linux/amd64"]?.length ?? 0;
    const send = (content: Buffer) =>
      registry.upload({ ...KEY, os: "linux", arch: "amd64" }, Readable.from([content]));
    await expect(send(Buffer.alloc(size))).rejects.toMatchObject({ code: "ARTIFACT_DIGEST_MISMATCH" });
    await expect(send(Buffer.alloc(size - 1))).rejects.toMatchObject({ code: "ARTIFACT_SIZE_MISMATCH" });
    await expect(send(Buffer.alloc(size + 1))).rejects.toMatchObject({ code: "MIRROR_TOO_LARGE" });
    expect((await registry.get(KEY)).state).toBe("mirroring");
    expect((await upload(registry, release, "linux/amd64")).state).toBe("ready");
  });

  test("what the release does not have is refused", async () => {
    const registry = registryWith();
    const release = signer.sign({ version: "1.0.0" });
    await expect(upload(registry, release, "linux/amd64")).rejects.toMatchObject({
      code: "RESOURCE_NOT_FOUND",
    });
    await registry.publish({ ...release, source: "upload" }, ACTOR);
    await expect(upload(registry, release, "linux/arm64")).rejects.toMatchObject({
      code: "ARTIFACT_NOT_FOUND",
    });
  });

  test("its progress can be read while it goes on", async () => {
    let reached = 0;
    const whole = objects;
    objects = {
      ...whole,
      put: async (content, source) => {
        content.onProgress?.(5);
        reached = (await registry.get(KEY)).artifacts[0]?.mirroredBytes ?? 0;
        await whole.put(content, source);
      },
    };
    const registry = registryWith();
    const release = signer.sign({ version: "1.0.0" });
    await registry.publish({ ...release, source: "upload" }, ACTOR);
    await upload(registry, release, "linux/amd64");
    expect(reached).toBe(5);
  });
});

describe("mirroring", () => {
  test("fetches every artifact from its address, and the release is ready", async () => {
    const release = signer.sign({ version: "1.0.0", archives: TWO_ARCHIVES });
    const registry = registryWith(serves(release));
    const begun = await registry.publish({ ...release, source: "url" }, ACTOR);
    expect(begun.state).toBe("mirroring");
    expect((await stateAfterWork(registry)).state).toBe("ready");
    for (const { sha256 } of release.content.artifacts) expect(await objects.has(sha256)).toBe(true);
  });

  test("follows a real host over https, redirects and all", async () => {
    const origin = await startHttpsOrigin(["archives.test"]);
    const at = (path: string) => `https://archives.test:${origin.port}/${path}`;
    const release = signer.sign({ version: "1.0.0", archives: TWO_ARCHIVES, urlOf: at });
    origin.answer(({ url = "" }, response) => {
      const archive = release.archives[url.replace("/stored/", "")];
      if (archive) response.end(archive);
      else response.writeHead(302, { location: `/stored${url}` }).end();
    });
    const guard = createGuard(testNetwork(origin), [`archives.test:${origin.port}`]);
    const registry = registryWith(createGuardedFetcher(guard));
    await registry.publish({ ...release, source: "url" }, ACTOR);
    expect((await stateAfterWork(registry)).state).toBe("ready");
    expect(origin.requests).toHaveLength(4);
    await origin.close();
  });

  test("content that is not what was signed fails it, with the reason", async () => {
    const release = signer.sign({ version: "1.0.0" });
    const tampered = { ...release, archives: { "linux/amd64": Buffer.from("ARCHIVE OF 1.0.0") } };
    const registry = registryWith(serves(tampered));
    await registry.publish({ ...release, source: "url" }, ACTOR);
    expect(await stateAfterWork(registry)).toMatchObject({
      state: "failed",
      code: "ARTIFACT_DIGEST_MISMATCH",
      message: expect.stringContaining("SHA-256"),
    });
    expect(wakeUps).toEqual([]);
  });

  test("a host that does not answer is tried four times, each after a longer pause", async () => {
    const release = signer.sign({ version: "1.0.0" });
    const down = vi.fn<() => void>(() => {
      throw new MusterError("MIRROR_FETCH_FAILED", { problem: "refused" });
    });
    const registry = registryWith(serves(release, down));
    await registry.publish({ ...release, source: "url" }, ACTOR);
    expect(await stateAfterWork(registry)).toMatchObject({ state: "failed", code: "MIRROR_FETCH_FAILED" });
    expect(down).toHaveBeenCalledTimes(4);
    expect(wakeUps).toEqual([2000, 10_000, 30_000]);
  });

  test.each([
    [404, 1],
    [403, 1],
    [429, 4],
    [503, 4],
  ])("an answer %d is asked for %d times", async (status, times) => {
    const release = signer.sign({ version: "1.0.0" });
    const answer = vi.fn<() => void>(() => {
      throw new MusterError("MIRROR_FETCH_FAILED", { status });
    });
    const registry = registryWith(serves(release, answer));
    await registry.publish({ ...release, source: "url" }, ACTOR);
    await stateAfterWork(registry);
    expect(answer).toHaveBeenCalledTimes(times);
  });

  test("a forbidden address fails it at once", async () => {
    const release = signer.sign({ version: "1.0.0" });
    const forbidden = vi.fn<() => void>(() => {
      throw new MusterError("MIRROR_DESTINATION_FORBIDDEN", {});
    });
    const registry = registryWith(serves(release, forbidden));
    await registry.publish({ ...release, source: "url" }, ACTOR);
    expect((await stateAfterWork(registry)).code).toBe("MIRROR_DESTINATION_FORBIDDEN");
    expect(forbidden).toHaveBeenCalledOnce();
  });

  test("a failed one is begun again by publishing the same bytes, and fetches only what is missing", async () => {
    const release = signer.sign({ version: "1.0.0", archives: TWO_ARCHIVES });
    const fetched: string[] = [];
    let gone = true;
    const fetcher = serves(release, (url) => {
      fetched.push(url);
      if (gone && url.endsWith("arm64")) throw new MusterError("MIRROR_FETCH_FAILED", { status: 404 });
    });
    const registry = registryWith(fetcher);
    await registry.publish({ ...release, source: "url" }, ACTOR);
    expect((await stateAfterWork(registry)).state).toBe("failed");
    gone = false;
    const again = await registry.publish({ ...release, source: "url" }, ACTOR);
    expect(again).toMatchObject({ state: "mirroring", code: null, message: null });
    expect((await stateAfterWork(registry)).state).toBe("ready");
    expect(fetched.map((url) => url.slice(-5))).toEqual(["amd64", "arm64", "arm64"]);
  });

  test("a failed one can be finished by an upload", async () => {
    const release = signer.sign({ version: "1.0.0" });
    const registry = registryWith(
      serves(release, () => {
        throw new MusterError("MIRROR_FETCH_FAILED", { status: 404 });
      }),
    );
    await registry.publish({ ...release, source: "url" }, ACTOR);
    await stateAfterWork(registry);
    expect((await upload(registry, release, "linux/amd64")).state).toBe("ready");
  });

  test("cut off by a stop, it goes on at the next start where it was", async () => {
    const release = signer.sign({ version: "1.0.0", archives: TWO_ARCHIVES });
    const hanging = Promise.withResolvers<void>();
    const hangs: ArtifactFetcher = {
      fetch: async ({ location: { url }, signal }) => {
        if (url.endsWith("amd64")) return arriving([TWO_ARCHIVES["linux/amd64"]]);
        hanging.resolve();
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
      },
    };
    const before = registryWith(hangs);
    await before.publish({ ...release, source: "url" }, ACTOR);
    await hanging.promise;
    await before.stop();
    expect(await before.get(KEY)).toMatchObject({
      state: "mirroring",
      artifacts: [{ mirrored: true }, { mirrored: false }],
    });
    const fetched: string[] = [];
    const after = registryWith(serves(release, (url) => void fetched.push(url)));
    await after.resume();
    expect((await stateAfterWork(after)).state).toBe("ready");
    expect(fetched).toEqual(["https://archives.test/linux/arm64"]);
  });

  test("one that waits for uploads fetches nothing at the next start", async () => {
    const release = signer.sign({ version: "1.0.0", archives: TWO_ARCHIVES });
    const before = registryWith();
    await before.publish({ ...release, source: "upload" }, ACTOR);
    await upload(before, release, "linux/amd64");
    const after = registryWith();
    await after.resume();
    await after.stop();
    expect((await after.get(KEY)).state).toBe("mirroring");
  });
});

describe("yanking", () => {
  test("pauses the release's rollouts and says why it was yanked", async () => {
    const registry = registryWith();
    const release = await publishReady(registry);
    const view = await registry.yank(KEY, "It eats disks.");
    expect(view).toMatchObject({ state: "yanked", message: "It eats disks." });
    expect(onYank).toHaveBeenCalledExactlyOnceWith(KEY);
    await expect(registry.publish({ ...release, source: "upload" }, ACTOR)).rejects.toMatchObject({
      code: "RELEASE_YANKED",
    });
    await expect(upload(registry, release, "linux/amd64")).rejects.toMatchObject({ code: "RELEASE_YANKED" });
  });

  test("a second time keeps the first reason", async () => {
    const registry = registryWith();
    await publishReady(registry);
    const first = await registry.yank(KEY, "It eats disks.");
    expect(await registry.yank(KEY, "Again.")).toEqual(first);
  });

  test("a release that is not ready cannot be yanked, nor one that does not exist", async () => {
    const registry = registryWith();
    await expect(registry.yank(KEY, "Why.")).rejects.toMatchObject({ code: "RESOURCE_NOT_FOUND" });
    await registry.publish({ ...signer.sign({ version: "1.0.0" }), source: "upload" }, ACTOR);
    await expect(registry.yank(KEY, "Why.")).rejects.toMatchObject({ code: "RELEASE_TRANSITION_INVALID" });
    expect(onYank).not.toHaveBeenCalled();
  });

  test("a start pauses again what a kill may have left running", async () => {
    const registry = registryWith();
    await publishReady(registry);
    await registry.yank(KEY, "It eats disks.");
    onYank.mockClear();
    await registryWith().resume();
    expect(onYank).toHaveBeenCalledExactlyOnceWith(KEY);
  });
});

describe("listing", () => {
  test("pages through all releases once, newest first", async () => {
    const registry = registryWith();
    const versions = Array.from({ length: 7 }, (_, index) => `1.${index}.0`);
    for (const version of versions) {
      await registry.publish({ ...signer.sign({ version }), source: "upload" }, ACTOR);
    }
    await registry.publish(
      { ...signer.sign({ product: "other", version: "1.0.0" }), source: "upload" },
      ACTOR,
    );
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await registry.list({ product: "app", limit: 3, cursor });
      expect(releasePageSchema.parse(page)).toEqual(page);
      expect(page.total).toBe(7);
      seen.push(...page.items.map(({ version }) => version));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(versions.toReversed());
    const [newest] = (await registry.list({ limit: 1 })).items;
    expect(newest).toMatchObject({ product: "other", artifacts: [{ os: "linux", arch: "amd64" }] });
  });

  test.each(["", "x", "bm90IGpzb24", Buffer.from("[1]").toString("base64url"), "eyJhIjoxfQ"])(
    "the cursor %j is refused",
    async (cursor) => {
      await expect(registryWith().list({ limit: 3, cursor })).rejects.toMatchObject({
        code: "REQUEST_INVALID",
      });
    },
  );
});
