import type { RolloutView } from "@muster/protocol/http";
import { Link } from "@tanstack/react-router";
import { count } from "../format/number.ts";
import { Icon } from "../ui/icon.tsx";
import css from "./target-filter-bar.module.css";
import type { RolloutSearch } from "./search.ts";
import { segmentsOf } from "./segments.ts";

interface TargetFilterBarProps {
  readonly rollout: RolloutView;
  readonly search: RolloutSearch;
}

/** Chooses which targets are shown; the choice is in the address. */
export function TargetFilterBar({ rollout, search }: TargetFilterBarProps) {
  const { wave, show } = search;
  const counts = (wave === undefined ? undefined : rollout.waves[wave - 1]?.counts) ?? rollout.counts;
  const inWave = wave === undefined ? {} : { wave };
  return (
    <nav aria-label="Which targets" className={css["bar"]}>
      {wave !== undefined && (
        <Link
          from="/rollouts/$rolloutId"
          to="."
          search={show === undefined ? {} : { show }}
          resetScroll={false}
          className={css["chip"]}
          data-wave
        >
          Wave {wave}
          <span aria-hidden="true">×</span>
          <span className="visually-hidden">: show all waves</span>
        </Link>
      )}
      <Choice words="All" value={counts.planned} search={inWave} chosen={show === undefined} />
      {segmentsOf(counts).map(({ group, look, value }) => (
        <Choice
          key={group}
          words={look.word}
          value={group === "in_progress" ? counts.inProgress : value}
          search={{ ...inWave, show: group }}
          chosen={show === group}
          tone={value > 0 ? look.tone : undefined}
          icon={look.icon}
        />
      ))}
    </nav>
  );
}

interface ChoiceProps {
  readonly words: string;
  readonly value: number;
  readonly search: RolloutSearch;
  readonly chosen: boolean;
  readonly tone?: string | undefined;
  readonly icon?: Parameters<typeof Icon>[0]["name"];
}

function Choice({ words, value, search, chosen, tone, icon }: ChoiceProps) {
  return (
    <Link
      from="/rollouts/$rolloutId"
      to="."
      search={search}
      resetScroll={false}
      className={css["chip"]}
      data-tone={tone}
      data-chosen={chosen || undefined}
      aria-current={chosen ? "true" : undefined}
      activeProps={{ "aria-current": undefined }}
    >
      {icon && <Icon name={icon} size={13} />}
      {words}
      <span className={css["value"]}>{count(value)}</span>
    </Link>
  );
}
