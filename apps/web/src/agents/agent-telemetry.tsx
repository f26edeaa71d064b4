import type { AgentView } from "@muster/protocol/http";
import { bytes, percent } from "../format/number.ts";
import { duration } from "../format/time.ts";
import { Card } from "../ui/card.tsx";
import { EmptyNotice } from "../ui/empty-notice.tsx";
import { FactList } from "../ui/fact-list.tsx";

/** What the host last reported of itself. */
export function AgentTelemetry({ agent: { telemetry } }: { readonly agent: AgentView }) {
  return (
    <Card title="Telemetry">
      {telemetry === null ? (
        <EmptyNotice title="Nothing reported">The agent sends it while it is connected.</EmptyNotice>
      ) : (
        <FactList
          facts={[
            ["CPU", `${Math.round(telemetry.cpu * 100)} %`],
            ["Memory", share(telemetry.memoryUsedBytes, telemetry.memoryTotalBytes)],
            ["Disk free", share(telemetry.diskFreeBytes, telemetry.diskTotalBytes)],
            ["Up for", duration(telemetry.uptimeSeconds * 1000)],
          ]}
        />
      )}
    </Card>
  );
}

function share(part: number, whole: number): string {
  const inPercent = percent(part, whole);
  return `${bytes(part)} of ${bytes(whole)}${inPercent === null ? "" : ` (${inPercent} %)`}`;
}
