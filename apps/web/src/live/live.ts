import { withQuery } from "../api/request.ts";
import { API } from "../api/api.ts";
import type { LiveStatus } from "./liveness.ts";
import { collect, NOTHING_PENDING, type Pending } from "./pending.ts";
import { openStream, type StreamPorts } from "./stream.ts";
import type { Ticker } from "./ticker.ts";

/** The one stream of events of the page. */
export interface Live {
  readonly status: () => LiveStatus;
  readonly subscribe: (listener: () => void) => () => void;
  /** Opens the stream, narrowed to one rollout's events or not (null); the returned function closes it. */
  readonly watch: (rolloutId: string | null) => () => void;
}

/** Where arrived events go. */
export interface LiveSink {
  /** Called once a beat, with all that arrived since the one before. */
  readonly beat: (pending: Pending) => void;
  /** Every snapshot is to be read again. */
  readonly refresh: () => void;
}

export interface LivePorts extends StreamPorts {
  readonly ticker: Ticker;
}

/** Ties the stream to the beat: events wait for it, so that a thousand of them cost one repaint. */
export function createLive(ports: LivePorts, sink: LiveSink): Live {
  const listeners = new Set<() => void>();
  let status: LiveStatus = { connection: { kind: "connecting" }, heardAt: null };
  let pending = NOTHING_PENDING;

  const update = (change: Partial<LiveStatus>) => {
    status = { ...status, ...change };
  };
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const flush = () => {
    const arrived = pending;
    pending = NOTHING_PENDING;
    if (arrived.reset) sink.refresh();
    sink.beat(arrived);
  };

  const watch = (rolloutId: string | null) => {
    const url = withQuery(`${API}/live`, { rollout: rolloutId ?? undefined });
    pending = NOTHING_PENDING;
    const stopBeat = ports.ticker.subscribe(flush);
    const close = openStream(url, ports, {
      onConnection: (connection) => {
        update({ connection });
        changed();
        // Nobody is signed in: the next question brings that to light.
        if (connection.kind === "closed") sink.refresh();
      },
      // Read at the next beat; telling about every chunk would be a repaint each.
      onHeard: (heardAt) => update({ heardAt }),
      onEvent: (event) => {
        pending = collect(pending, event);
      },
      onFresh: sink.refresh,
    });
    return () => {
      stopBeat();
      close();
    };
  };

  return {
    status: () => status,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watch,
  };
}
