import type { ServerResponse } from "node:http";
import type { EventSink } from "../live/event-stream.ts";

export const SSE = "text/event-stream; charset=utf-8";
export const NDJSON = "application/x-ndjson; charset=utf-8";

/** The connection of a hijacked reply, as one to write a stream to. */
export function openSink(raw: ServerResponse, headers: Record<string, unknown>, type: string): EventSink {
  for (const [name, value] of Object.entries(headers))
    if (typeof value === "string") raw.setHeader(name, value);
  raw.writeHead(200, {
    "content-type": type,
    "cache-control": "no-store",
    // Tells proxies such as nginx to pass each event on as it comes.
    "x-accel-buffering": "no",
  });
  raw.flushHeaders();
  // A connection that breaks while it is written to: its end is what the stream waits for.
  raw.on("error", () => raw.destroy());
  const ended = () => raw.destroyed || raw.writableEnded;
  return {
    get ended() {
      return ended();
    },
    write: (text) => (ended() || raw.write(text) ? Promise.resolve() : drained(raw)),
    end: () => {
      if (raw.writableNeedDrain) raw.destroy();
      else if (!ended()) raw.end();
    },
    onEnd: (callback) => void raw.once("close", callback),
  };
}

/** Resolves when the connection takes more, or is gone. */
function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      raw.off("drain", done);
      raw.off("close", done);
      resolve();
    };
    raw.once("drain", done);
    raw.once("close", done);
  });
}
