import { MusterError } from "@muster/core";
import type { ArtifactRow } from "../store/schema.ts";
import { mirrorRelease } from "./mirror.ts";
import type { ReleaseKey } from "./ports.ts";
import type { RegistryPorts } from "./registry-ports.ts";

interface JobNotes {
  readonly stored: Map<string, number>;
  readonly announce: (key: ReleaseKey) => void;
}

/** The mirrorings under way, at most one for each release. */
export function createMirrorJobs(ports: RegistryPorts, { stored, announce }: JobNotes) {
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  const locate = async (artifact: ArtifactRow) =>
    (await ports.locateImported(artifact)) ?? { url: artifact.url };

  const run = async (key: ReleaseKey) => {
    const digests = new Set<string>();
    const onProgress = (sha256: string, bytes: number) => {
      digests.add(sha256);
      stored.set(sha256, bytes);
      announce(key);
    };
    try {
      await mirrorRelease({ ...ports, locate, onChange: announce, onProgress }, key, stopping.signal);
    } catch (error) {
      ports.onError(error);
    } finally {
      for (const sha256 of digests) stored.delete(sha256);
    }
  };

  return {
    /** Begins the mirroring of a release; behind the one that is just ending, if there is one. */
    start: ({ product, version }: ReleaseKey) => {
      const name = `${product}/${version}`;
      const before = running.get(name) ?? Promise.resolve();
      const job = before
        .then(() => run({ product, version }))
        .finally(() => {
          if (running.get(name) === job) running.delete(name);
        });
      running.set(name, job);
    },
    stop: async () => {
      stopping.abort(new MusterError("SERVER_OVERLOADED", { problem: "the server stops" }));
      await Promise.all(running.values());
    },
  };
}
