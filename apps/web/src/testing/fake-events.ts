import type { LiveEvent, RolloutView, TargetView } from "@muster/protocol/http";
import type { ServerResponse } from "node:http";
import type { FakeFleet } from "./fake-fleet.ts";

interface Listener {
  readonly rolloutId: string | null;
  readonly response: ServerResponse;
}

interface Numbered {
  readonly id: number;
  readonly event: LiveEvent;
}

/** The stream of events of a fake fleet. */
export interface FakeEvents {
  readonly listen: (
    response: ServerResponse,
    rolloutId: string | null,
    lastEventId: string | undefined,
  ) => void;
  /** Moves the fleet on and tells everybody. */
  readonly beat: (now: number) => void;
  /** Breaks every stream, as a restart of the server does. */
  readonly cut: () => void;
}

const KEPT = 2000;

export function createFakeEvents(fleet: FakeFleet): FakeEvents {
  const listeners = new Set<Listener>();
  const views = new Map<string, string>();
  let history: Numbered[] = [];
  let nextId = 1;

  const tell = (event: LiveEvent) => {
    const numbered = { id: nextId, event };
    nextId += 1;
    history = [...history, numbered].slice(-KEPT);
    for (const listener of listeners) send(listener, numbered);
  };

  return {
    listen: (response, rolloutId, lastEventId) => {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(": hello\n\n");
      const listener = { rolloutId, response };
      listeners.add(listener);
      response.on("close", () => listeners.delete(listener));
      if (lastEventId === undefined) return;
      const last = Number(lastEventId);
      if ((history[0]?.id ?? nextId) > last + 1)
        send(listener, { id: nextId - 1, event: { event: "reset", data: {} } });
      else for (const missed of history) if (missed.id > last) send(listener, missed);
    },
    beat: (now) => {
      let moving = false;
      for (const [rolloutId, targets] of fleet.step(now)) {
        if (targets.length > 0) tell(targetsEvent(rolloutId, targets));
      }
      for (const rollout of fleet.rollouts()) {
        const view = rollout.view();
        const text = JSON.stringify(view);
        if (views.get(view.id) === text) continue;
        views.set(view.id, text);
        moving = true;
        tell(rolloutEvent(view));
      }
      if (moving) tell({ event: "overview", data: fleet.overview() });
    },
    cut: () => {
      for (const { response } of listeners) response.destroy();
    },
  };
}

const rolloutEvent = (data: RolloutView): LiveEvent => ({ event: "rollout", data });
const targetsEvent = (rolloutId: string, targets: readonly TargetView[]): LiveEvent => ({
  event: "targets",
  data: { rolloutId, targets: [...targets] },
});

function send({ rolloutId, response }: Listener, { id, event }: Numbered): void {
  if (rolloutId !== null && concerns(event) !== null && concerns(event) !== rolloutId) return;
  response.write(`id: ${id}\nevent: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`);
}

function concerns(event: LiveEvent): string | null {
  if (event.event === "rollout") return event.data.id;
  return event.event === "targets" ? event.data.rolloutId : null;
}
