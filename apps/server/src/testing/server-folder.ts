import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReleaseSigner, type ReleaseSigner } from "@muster/fleet/testing";
import { encodeTrustAnchor } from "@muster/trust";
import type { ServerSettings } from "../settings/settings.ts";

/** A place for a server of its own, and the makers of the releases it trusts. */
export interface ServerFolder {
  readonly path: string;
  readonly signer: ReleaseSigner;
  readonly settings: ServerSettings;
  dispose(): Promise<void>;
}

export async function createServerFolder(): Promise<ServerFolder> {
  const path = await mkdtemp(join(tmpdir(), "muster-server-"));
  const signer = createReleaseSigner();
  const trustAnchorFile = join(path, "anchor.json");
  await writeFile(trustAnchorFile, encodeTrustAnchor(signer.anchor));
  return {
    path,
    signer,
    settings: {
      dataFolder: join(path, "data"),
      http: { host: "127.0.0.1", port: 0 },
      gateway: { host: "127.0.0.1", port: 0 },
      gatewayNames: ["localhost", "127.0.0.1"],
      publicUrl: null,
      trustAnchorFile,
      mirrorAllow: [],
      webhookAllow: [],
      auditKeepDays: 400,
      eventKeepDays: 30,
      webFolder: join(path, "no-pages"),
      oidc: null,
      trustedProxies: [],
      newAdminToken: false,
      quiet: true,
    },
    dispose: () => rm(path, { recursive: true, force: true }),
  };
}
