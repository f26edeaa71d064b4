import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { MusterError } from "@muster/core";
import type { Peer } from "./peer.ts";

/** The connections that stand, found again by the remote address that both servers know. */
export interface Peers {
  /** Null: the connection is cut, for another one stands that could not be told from it. */
  add(socket: TLSSocket, now: number): Peer | null;
  /** `SERVER_UNREACHABLE` if the connection has just gone. */
  find(address: string): Peer;
  all(): Iterable<Peer>;
  readonly size: number;
}

export function createPeers(): Peers {
  const byAddress = new Map<string, Peer>();
  const standing = new Set<Peer>();
  return {
    add: (socket, now) => {
      const address = addressOf(socket);
      // A server with several addresses can have two connections from one; their calls would pass for each other's.
      if (byAddress.get(address)?.socket.destroyed === false) {
        socket.destroy();
        return null;
      }
      const isHttp2 = socket.alpnProtocol === "h2";
      const peer: Peer = { socket, isHttp2, idleSince: now, identity: null, certificates: 0, streams: 0 };
      byAddress.set(address, peer);
      standing.add(peer);
      socket.once("close", () => {
        standing.delete(peer);
        // The address may belong to a newer connection by now.
        if (byAddress.get(address) === peer) byAddress.delete(address);
      });
      return peer;
    },
    find: (address) => {
      const peer = byAddress.get(address);
      if (!peer) throw new MusterError("SERVER_UNREACHABLE", { address });
      return peer;
    },
    all: () => standing,
    get size() {
      return standing.size;
    },
  };
}

/** As gRPC's `getPeer` spells it. */
export function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
