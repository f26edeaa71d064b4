import type { TargetView } from "@muster/protocol/http";
import { bytes, percent } from "../format/number.ts";
import { fineDuration } from "../format/time.ts";
import css from "./target-progress.module.css";

const STAGES = ["dispatched", "downloading", "verifying", "staging", "restarting"] as const;

/** What there is to say of a target's way: how far one under way has come, how long a finished one was down. */
export function TargetProgress({ target }: { readonly target: TargetView }) {
  if (target.state === "healthy" && target.downtimeMs !== null) {
    return <span className={css["words"]}>{fineDuration(target.downtimeMs)} down</span>;
  }
  return <StageTrack target={target} />;
}

/** How far a target under way has come: the stages it has reported, and of a download the bytes that have arrived. */
function StageTrack({ target }: { readonly target: TargetView }) {
  const current = STAGES.findIndex((stage) => stage === target.state);
  if (current < 0) return null;
  const share = downloadShare(target);
  return (
    <span className={css["track"]} data-silent={target.silent || undefined}>
      <span className={css["steps"]} aria-hidden="true">
        {STAGES.map((stage, index) => (
          <span key={stage} className={css["step"]} data-at={at(index, current)}>
            {index === current && <span className={css["fill"]} style={{ width: `${share ?? 100}%` }} />}
          </span>
        ))}
      </span>
      {share !== null && target.totalBytes !== null && (
        <span className={css["words"]}>
          {share} % of {bytes(target.totalBytes)}
        </span>
      )}
    </span>
  );
}

/** The share of the bytes that have arrived; null in every stage that has no bytes to count. */
function downloadShare({ state, receivedBytes, totalBytes }: TargetView): number | null {
  if (state !== "downloading" || receivedBytes === null || totalBytes === null) return null;
  return percent(receivedBytes, totalBytes);
}

function at(index: number, current: number): "done" | "now" | "later" {
  if (index === current) return "now";
  return index < current ? "done" : "later";
}
