import type { FleetPorts } from "../fleet/simulated-fleet.ts";
import { downloadArchive } from "./download.ts";
import { enrol, renew, type Introduction } from "./enrol.ts";
import { openStream } from "./stream.ts";

/** A fleet's way to a real gateway. */
export function gatewayPorts(introduction: Introduction): FleetPorts {
  const { gateway } = introduction;
  return {
    wire: {
      open: (identity, events) => openStream(gateway, identity, events),
      download: ({ context }, { downloadPath: path, sha256, sizeBytes }, how) =>
        downloadArchive({ gateway, context, path, sha256, sizeBytes, ...how }),
      renew: (identity) => renew(introduction, identity),
    },
    enrol: (applicant) => enrol(introduction, applicant),
    clock: {
      now: () => Date.now(),
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
  };
}
