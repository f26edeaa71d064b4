import { Fragment, type ReactNode } from "react";
import css from "./fact-list.module.css";

export type Fact = readonly [name: string, value: ReactNode];

/** Names and values, one below the other. */
export function FactList({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className={css["facts"]}>
      {facts.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
