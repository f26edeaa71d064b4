import type { RolloutView } from "@muster/protocol/http";
import { Link } from "@tanstack/react-router";
import { count, percent } from "../format/number.ts";
import { ScrollTable } from "../ui/scroll-table.tsx";
import { StateBadge } from "../ui/state-badge.tsx";
import { ROLLOUT_LOOK } from "../ui/states.ts";
import { Time } from "../ui/time.tsx";
import css from "./rollout-list.module.css";
import { endedCount } from "./segments.ts";
import { WaveStrip } from "./wave-strip.tsx";
import { cohortWords, reasonWords } from "./words.ts";

/** Rollouts, a line each. */
export function RolloutList({ rollouts }: { readonly rollouts: readonly RolloutView[] }) {
  return (
    <ScrollTable label="Rollouts">
      <thead>
        <tr>
          <th scope="col">Release</th>
          <th scope="col">State</th>
          <th scope="col" className={css["wide"]}>
            Progress
          </th>
          <th scope="col" data-numeric>
            Agents
          </th>
          <th scope="col" data-numeric>
            Failed
          </th>
          <th scope="col" className={css["started"]}>
            Started
          </th>
        </tr>
      </thead>
      <tbody>
        {rollouts.map((rollout) => (
          <Row key={rollout.id} rollout={rollout} />
        ))}
      </tbody>
    </ScrollTable>
  );
}

function Row({ rollout }: { readonly rollout: RolloutView }) {
  const { spec, counts, state, reason } = rollout;
  const bad = counts.failed + counts.rolledBack;
  return (
    <tr>
      <td>
        <Link to="/rollouts/$rolloutId" params={{ rolloutId: rollout.id }} className={css["release"]}>
          {spec.product} <code>{spec.version}</code>
        </Link>
        <span className={css["cohort"]}>{cohortWords(spec)}</span>
      </td>
      <td>
        <StateBadge look={ROLLOUT_LOOK[state]} />
        {reason !== null && <span className={css["why"]}>{reasonWords(reason)}</span>}
      </td>
      <td>
        <span className={css["progress"]}>
          <WaveStrip rollout={rollout} size="small" />
          <span className={css["percent"]}>{percent(endedCount(counts), counts.planned) ?? 0} %</span>
        </span>
      </td>
      <td data-numeric>{count(counts.planned)}</td>
      <td data-numeric data-zero={bad === 0 || undefined}>
        <span className={bad > 0 ? css["bad"] : undefined}>{count(bad)}</span>
      </td>
      <td className={css["started"]}>
        <Time at={rollout.createdAt} />
      </td>
    </tr>
  );
}
