import type { RolloutView, WaveView } from "@muster/protocol/http";
import { segmentsInWords, segmentsOf } from "./segments.ts";
import css from "./wave-strip.module.css";

interface WaveStripProps {
  readonly rollout: RolloutView;
  /** `large` names the waves under their parts. */
  readonly size: "small" | "large";
}

/**
 * The cohort from its first agent to its last, cut into waves, each filled by what its agents are at. The figures are
 * in the table of waves; for a screen reader the strip is one sentence.
 */
export function WaveStrip({ rollout: { waves }, size }: WaveStripProps) {
  return (
    <div className={css["frame"]}>
      <span className="visually-hidden">{label(waves)}</span>
      <div className={css["strip"]} data-size={size} aria-hidden="true">
        {waves.map((wave) => (
          <div
            key={wave.index}
            className={css["wave"]}
            data-state={wave.state}
            style={{ flexGrow: Math.max(1, wave.counts.planned) }}
          >
            <div className={css["bar"]}>
              {segmentsOf(wave.counts).map(
                ({ group, value }) =>
                  value > 0 && (
                    <span
                      key={group}
                      className={css["part"]}
                      data-group={group}
                      style={{ flexGrow: value }}
                    />
                  ),
              )}
            </div>
            {size === "large" && waves.length > 1 && <span className={css["name"]}>{wave.index + 1}</span>}
          </div>
        ))}
      </div>
    </div>
  );
}

function label(waves: readonly WaveView[]): string {
  if (waves.length === 1 && waves[0]) return segmentsInWords(waves[0].counts);
  return waves.map((wave) => `Wave ${wave.index + 1}: ${segmentsInWords(wave.counts)}`).join(". ");
}
