import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from "node:http2";
import { asMusterError, MusterError } from "@muster/core";
import { createFrameReader, frameOf } from "./frames.ts";
import { keepAlive } from "./keep-alive.ts";
import { isStatus, problemOf } from "./status.ts";

/** PEM texts; key and certificate are missing only before the enrolment. */
export interface TlsIdentity {
  readonly ca: string;
  readonly key?: string;
  readonly certificate?: string;
}

/** Whom to call. */
export interface Endpoint {
  /** Host and port. */
  readonly address: string;
  readonly identity: TlsIdentity;
}

/** One call, on a connection of its own. */
export interface GrpcCall {
  /** False if the call has ended, or so much is unsent that the message was dropped. */
  send(message: Uint8Array): boolean;
  /** Nothing more is sent; the answer still comes. */
  end(): void;
  /** Breaks it off; it ends with this. */
  cancel(problem: MusterError): void;
}

export interface GrpcEvents {
  /** What it throws, ends the call. */
  received(message: Buffer): void;
  /** Once, after the last message. Null: in order. */
  ended(problem: MusterError | null): void;
}

/** What may be unsent before more is dropped. */
const UNSENT_MAX_BYTES = 256 * 1024;
/** The other end may take so long to close a connection that has ended in order. */
const LEAVING_MS = 5000;
/** An assignment holds a manifest. */
const RECEIVE_MAX_BYTES = 4 * 1024 * 1024;

const HEADERS = {
  ":method": "POST",
  te: "trailers",
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity",
  "user-agent": "muster-agent",
} as const;

/**
 * Opens a call as gRPC over HTTP/2 has it, with TLS and without compression. Nothing is thrown: what fails, ends the call.
 * It is on Node's own HTTP/2 because the agent stays resident on every host: a gRPC library takes as much memory again
 * as the connection.
 */
export function openCall(path: string, endpoint: Endpoint, events: GrpcEvents): GrpcCall {
  try {
    return callOn(openSession(endpoint), path, events);
  } catch (error) {
    // An address or a key that is none.
    const problem = new MusterError("SERVER_UNREACHABLE", { problem: asMusterError(error).message });
    queueMicrotask(() => events.ended(problem));
    return { send: () => false, end: () => {}, cancel: () => {} };
  }
}

function openSession({ address, identity }: Endpoint): ClientHttp2Session {
  const { ca, key, certificate: cert } = identity;
  return connect(`https://${address}`, {
    ca,
    ...(key !== undefined && { key }),
    ...(cert !== undefined && { cert }),
    settings: { enablePush: false },
  });
}

function callOn(session: ClientHttp2Session, path: string, events: GrpcEvents): GrpcCall {
  const stream = session.request({ ...HEADERS, ":path": path });
  const stopPings = keepAlive(session);
  let isOver = false;
  const end = (problem: MusterError | null) => {
    if (isOver) return;
    isOver = true;
    stopPings();
    leave(session, stream, problem);
    events.ended(problem);
  };
  watch(session, stream, { received: (message) => isOver || events.received(message), ended: end });
  return {
    send: (message) => {
      if (isOver || stream.writableLength > UNSENT_MAX_BYTES) return false;
      stream.write(frameOf(message));
      return true;
    },
    end: () => {
      if (!isOver) stream.end();
    },
    cancel: end,
  };
}

/** Tells what comes; `ended` is told at least once. */
function watch(
  session: ClientHttp2Session,
  stream: ClientHttp2Stream,
  events: { received(message: Buffer): unknown; ended(problem: MusterError | null): void },
): void {
  let status: IncomingHttpHeaders | null = null;
  let isRead = false;
  let failure: unknown;
  const unreachable = (problem: string) => events.ended(new MusterError("SERVER_UNREACHABLE", { problem }));
  const settle = () => {
    if (status !== null && isRead) events.ended(problemOf(status));
  };
  const headers = (given: IncomingHttpHeaders) => {
    if (isStatus(given)) status = given;
    settle();
  };
  const read = createFrameReader(RECEIVE_MAX_BYTES, (message) => void events.received(message));
  stream.on("response", (given) => {
    if (given[":status"] === 200) headers(given);
    else unreachable(`HTTP status ${given[":status"]}`);
  });
  stream.on("trailers", headers);
  stream.on("data", (piece: Buffer) => {
    try {
      read(piece);
    } catch (error) {
      events.ended(asMusterError(error));
    }
  });
  stream.on("end", () => {
    isRead = true;
    settle();
  });
  // What failed first says more than what failed because of it; an ending follows each.
  for (const source of [session, stream]) {
    source.on("error", (error: Error) => {
      failure ??= error;
    });
  }
  stream.on("close", () => {
    if (status !== null) events.ended(problemOf(status));
    else unreachable(failure instanceof Error ? failure.message : "the connection closed");
  });
}

function leave(session: ClientHttp2Session, stream: ClientHttp2Stream, problem: MusterError | null): void {
  if (problem === null) {
    stream.close();
    session.close();
    setTimeout(() => session.destroy(), LEAVING_MS).unref();
  } else {
    stream.close(constants.NGHTTP2_CANCEL);
    session.destroy();
  }
}
