import type { RolloutView } from "@muster/protocol/http";
import type { ReactNode } from "react";
import { count, percent } from "../format/number.ts";
import { Card } from "../ui/card.tsx";
import { Command } from "../ui/command.tsx";
import { Icon } from "../ui/icon.tsx";
import { Elapsed } from "../ui/time.tsx";
import css from "./rollout-progress.module.css";
import { endedCount, segmentsOf } from "./segments.ts";
import { WaveStrip } from "./wave-strip.tsx";

/** How far it is: real figures only, nothing is assumed. */
export function RolloutProgress({ rollout }: { readonly rollout: RolloutView }) {
  const { counts, touched, touchedAtHalt } = rollout;
  return (
    <Card title="Progress" aside={<Running rollout={rollout} />}>
      <div className={css["content"]}>
        <dl className={css["figures"]}>
          <Figure name="finished" value={`${percent(endedCount(counts), counts.planned) ?? 0} %`} />
          <Figure name="healthy" value={count(counts.healthy)} of={counts.planned} />
          <Figure name="hosts touched" value={count(touched)} of={counts.planned} />
          {touchedAtHalt !== null && <Figure name="touched when it halted" value={count(touchedAtHalt)} />}
        </dl>
        <WaveStrip rollout={rollout} size="large" />
        <ul className={css["legend"]}>
          {segmentsOf(counts)
            .filter(({ value }) => value > 0)
            .map(({ group, look, value }) => (
              <li key={group} data-tone={look.tone}>
                <Icon name={look.icon} size={13} />
                {look.word}
                <span className={css["value"]}>{count(value)}</span>
              </li>
            ))}
        </ul>
        <Command text={`muster rollout watch ${rollout.id}`} />
      </div>
    </Card>
  );
}

function Running({ rollout: { createdAt, endedAt } }: { readonly rollout: RolloutView }): ReactNode {
  if (endedAt !== null) return null;
  return (
    <>
      for <Elapsed since={createdAt} />
    </>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly of?: number;
}

function Figure({ name, value, of }: FigureProps) {
  return (
    <div className={css["figure"]}>
      <dt>{name}</dt>
      <dd>
        {value}
        {of !== undefined && <span className={css["of"]}> of {count(of)}</span>}
      </dd>
    </div>
  );
}
