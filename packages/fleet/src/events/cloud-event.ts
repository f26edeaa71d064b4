import type { CloudEventView } from "@muster/protocol/http";
import type { EventRecord } from "./ports.ts";

/**
 * An event in the structured mode of CloudEvents 1.0.2. `source` is the server's public address; `sequence` is as in the
 * extension of that name (§ Documented extensions). `id` and `source` together are unique, also when it is sent twice.
 */
export function toCloudEvent(event: EventRecord, source: string): CloudEventView {
  const { sequence, id, at, type, category, severity, data, ...fields } = event;
  return {
    specversion: "1.0",
    id,
    source,
    type: `muster.${type}`,
    subject: subjectOf(event),
    time: new Date(at).toISOString(),
    datacontenttype: "application/json",
    sequence: String(sequence).padStart(20, "0"),
    category,
    severity,
    data: { ...fields, data },
  };
}

/** What an event is about, as a path of the API. */
function subjectOf({ category, agentId, rolloutId, product, version, wave }: EventRecord): string {
  if (category === "release") return `releases/${product ?? ""}/${version ?? ""}`;
  if (agentId !== null) return `agents/${agentId}`;
  if (rolloutId !== null)
    return wave === null ? `rollouts/${rolloutId}` : `rollouts/${rolloutId}/waves/${wave}`;
  return category;
}
