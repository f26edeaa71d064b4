import type { RegistryPorts } from "./registry-ports.ts";
import { beginRetry, beginUpload, endUpload, recordYank } from "./change-release.ts";
import { listReleaseRows, readWholeRelease } from "./list-releases.ts";
import { createMirrorJobs } from "./mirror-jobs.ts";
import type { ReleaseKey, ReleaseRegistry } from "./ports.ts";
import { recordRelease } from "./publish-release.ts";
import { stateData, toReleaseView } from "./release-rows.ts";

export function createReleaseRegistry(ports: RegistryPorts): ReleaseRegistry {
  const { db, bus } = ports;
  const stored = new Map<string, number>();
  const announce = ({ product, version }: ReleaseKey) => bus.publish({ kind: "release", product, version });
  const view = async (key: ReleaseKey) => {
    return toReleaseView(await readWholeRelease(db, key), (sha256) => stored.get(sha256) ?? 0);
  };
  const jobs = createMirrorJobs(ports, { stored, announce });

  return {
    publish: async (request, actor, trail) => {
      const key = await recordRelease(ports, request, { actor, trail });
      if (request.source === "url") jobs.start(key);
      announce(key);
      return view(key);
    },
    upload: async (artifact, content, trail) => {
      const { sha256, size } = await beginUpload(ports, artifact);
      announce(artifact);
      const onProgress = (bytes: number) => {
        stored.set(sha256, bytes);
        announce(artifact);
      };
      try {
        await ports.objects.put({ sha256, sizeBytes: size, onProgress }, content);
        await endUpload(ports, artifact, { sha256, trail });
      } finally {
        stored.delete(sha256);
        announce(artifact);
      }
      return view(artifact);
    },
    retry: async (key, trail) => {
      if (await beginRetry(ports, key, trail)) {
        jobs.start(key);
        announce(key);
      }
      return view(key);
    },
    yank: async (key, why, trail) => {
      await recordYank(ports, key, { why, trail });
      announce(key);
      await ports.onYank(key);
      return view(key);
    },
    get: view,
    list: async (query) => {
      const page = await listReleaseRows(db, query);
      const items = page.items.map((whole) => toReleaseView(whole, (sha256) => stored.get(sha256) ?? 0));
      return { ...page, items };
    },
    resume: async () => {
      const unsettled = await db
        .selectFrom("releases")
        .select(["product", "version", "state", "state_json"])
        .where("state", "in", ["mirroring", "yanked"])
        .execute();
      for (const { product, version, ...row } of unsettled) {
        if (row.state === "yanked") await ports.onYank({ product, version });
        else if (stateData(row).source === "url") jobs.start({ product, version });
      }
    },
    stop: () => jobs.stop(),
  };
}
