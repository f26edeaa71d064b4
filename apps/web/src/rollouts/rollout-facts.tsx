import type { RolloutView } from "@muster/protocol/http";
import { Fragment } from "react";
import { count } from "../format/number.ts";
import { exactDuration } from "../format/time.ts";
import { Card } from "../ui/card.tsx";
import { type Fact, FactList } from "../ui/fact-list.tsx";
import { Time } from "../ui/time.tsx";
import { cohortWords, strategyWords, thresholdWords } from "./words.ts";

/** What was asked for. */
export function RolloutFacts({ rollout }: { readonly rollout: RolloutView }) {
  return (
    <Card title="Plan">
      <FactList facts={factsOf(rollout)} />
    </Card>
  );
}

function factsOf({ spec, createdAt, createdBy, endedAt }: RolloutView): Fact[] {
  return [
    [
      "Cohort",
      spec.cohort.kind === "labels" || spec.cohort.kind === "filter" ? (
        <code key="cohort">{cohortWords(spec)}</code>
      ) : (
        cohortWords(spec)
      ),
    ],
    ["Plan", strategyWords(spec)],
    ["At once", `${count(spec.maxInFlight)} at most`],
    ["Stops", thresholdWords(spec)],
    ["Silent after", exactDuration(spec.failurePolicy.silentAfterMs)],
    ...(spec.priority === "emergency"
      ? [["Priority", "emergency: overtakes what is pending elsewhere"] as const]
      : []),
    ...(spec.allowDowngrade ? [["Downgrade", "allowed"] as const] : []),
    [
      "Started",
      <Fragment key="started">
        <Time at={createdAt} /> by {createdBy}
      </Fragment>,
    ],
    ...(endedAt === null ? [] : [["Ended", <Time key="ended" at={endedAt} />] as const]),
  ];
}
