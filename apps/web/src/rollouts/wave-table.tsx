import type { RolloutView, WaveView } from "@muster/protocol/http";
import { Link } from "@tanstack/react-router";
import type { TargetGroup } from "../api/api.ts";
import { count } from "../format/number.ts";
import { Icon } from "../ui/icon.tsx";
import { ScrollTable } from "../ui/scroll-table.tsx";
import { StateBadge } from "../ui/state-badge.tsx";
import { NEVER_OPENED_LOOK, WAVE_LOOK } from "../ui/states.ts";
import { Countdown } from "../ui/time.tsx";
import type { RolloutSearch } from "./search.ts";
import { gateOf, reasonWords, waveEndWords } from "./words.ts";
import css from "./wave-table.module.css";

const COLUMNS: readonly {
  readonly name: string;
  readonly key: keyof WaveView["counts"];
  readonly group?: TargetGroup;
}[] = [
  { name: "Planned", key: "planned" },
  { name: "Pending", key: "pending", group: "pending" },
  { name: "In progress", key: "inProgress", group: "in_progress" },
  { name: "Healthy", key: "healthy", group: "healthy" },
  { name: "Failed", key: "failed", group: "failed" },
  { name: "Rolled back", key: "rolledBack", group: "rolled_back" },
  { name: "Silent", key: "silent", group: "silent" },
  { name: "Canceled", key: "canceled", group: "canceled" },
];

interface WaveTableProps {
  readonly rollout: RolloutView;
  readonly search: RolloutSearch;
}

/** The waves with their figures; a figure leads to the targets it counts. */
export function WaveTable({ rollout, search }: WaveTableProps) {
  return (
    <ScrollTable label="Waves">
      <thead>
        <tr>
          <th scope="col">Wave</th>
          <th scope="col">State</th>
          <th scope="col">Gate</th>
          {COLUMNS.map(({ name }) => (
            <th key={name} scope="col" data-numeric>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rollout.waves.map((wave) => (
          <tr key={wave.index} data-chosen={search.wave === wave.index + 1 || undefined}>
            <th scope="row">
              <Link
                from="/rollouts/$rolloutId"
                to="."
                search={{ wave: wave.index + 1 }}
                hash="targets"
                className={css["name"]}
              >
                {wave.index + 1}
              </Link>
              <span className={css["end"]}>{waveEndWords(rollout, wave.index)}</span>
            </th>
            <td>
              <StateBadge
                look={
                  wave.state === "waiting" && rollout.endedAt !== null
                    ? NEVER_OPENED_LOOK
                    : WAVE_LOOK[wave.state]
                }
              />
              {wave.reason !== null && <span className={css["why"]}>{reasonWords(wave.reason)}</span>}
            </td>
            <td>
              <GateCell rollout={rollout} wave={wave} />
            </td>
            {COLUMNS.map(({ key, group }) => (
              <Figure key={key} wave={wave} value={wave.counts[key]} group={group} />
            ))}
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}

interface FigureProps {
  readonly wave: WaveView;
  readonly value: number;
  readonly group: TargetGroup | undefined;
}

function Figure({ wave, value, group }: FigureProps) {
  if (value === 0 || group === undefined) {
    return (
      <td data-numeric data-zero={value === 0 || undefined}>
        {count(value)}
      </td>
    );
  }
  return (
    <td data-numeric>
      <Link
        from="/rollouts/$rolloutId"
        to="."
        search={{ wave: wave.index + 1, show: group }}
        hash="targets"
        className={css["figure"]}
        data-group={group}
      >
        {count(value)}
      </Link>
    </td>
  );
}

function GateCell({ rollout, wave }: { readonly rollout: RolloutView; readonly wave: WaveView }) {
  const gate = gateOf(rollout.spec, wave);
  if (gate.kind === "none") return <span className={css["none"]}>—</span>;
  return (
    <span className={css["gate"]}>
      <Icon name={GATE_ICONS[gate.kind]} size={14} />
      {gate.kind === "settles" && (
        <>
          settles in <Countdown until={gate.until} />
        </>
      )}
      {gate.kind === "needs_approval" &&
        (wave.reason === "approval" ? <strong>approval needed</strong> : "approval")}
      {gate.kind === "approved" && "approved"}
    </span>
  );
}

const GATE_ICONS = { settles: "settling", needs_approval: "approval", approved: "done" } as const;
