import type { AgentDesk, Clock, ObjectStore } from "@muster/fleet";
import type { CertifiedKey } from "@muster/trust/x509";
import type { Logger } from "pino";
import type { Gateway } from "./gateway/ports.ts";
import { startGateway } from "./gateway/start-gateway.ts";
import { keepGatewayCertificate } from "./keeping/identities.ts";
import type { ServerSettings } from "./settings/settings.ts";

const HEARTBEAT_INTERVAL_MS = 15_000;
/** How often the certificate is looked at, in milliseconds. */
const CERTIFICATE_CHECK_MS = 86_400_000;

export interface CertifiedGatewayOptions {
  readonly settings: Pick<ServerSettings, "gateway" | "gatewayNames">;
  readonly authority: CertifiedKey;
  /** Of the file that keeps the gateway's certificate. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly desk: AgentDesk;
  readonly objects: ObjectStore;
}

/** The gateway with a certificate that is renewed for as long as it runs. */
export async function startCertifiedGateway(options: CertifiedGatewayOptions): Promise<Gateway> {
  const { settings, authority, path, clock, log } = options;
  const tls = async () => {
    const wish = { names: settings.gatewayNames, now: clock.now() };
    const kept = await keepGatewayCertificate(path, authority, wish);
    return {
      certificate: kept.certificatePem,
      key: kept.privateKeyPem,
      caCertificate: authority.certificatePem,
    };
  };
  const gateway = await startGateway({
    desk: options.desk,
    objects: options.objects,
    tls: await tls(),
    ...settings.gateway,
    log: log.child({ part: "gateway" }),
    clock,
    heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
  });
  const renew = async () => {
    stopRenewing = clock.wakeAt(clock.now() + CERTIFICATE_CHECK_MS, renewLater);
    try {
      gateway.certify(await tls());
    } catch (error) {
      log.error({ err: error }, "the gateway's certificate could not be renewed; it is tried again tomorrow");
    }
  };
  const renewLater = () => void renew();
  let stopRenewing = clock.wakeAt(clock.now() + CERTIFICATE_CHECK_MS, renewLater);
  return {
    ...gateway,
    close: async () => {
      stopRenewing();
      await gateway.close();
    },
  };
}
