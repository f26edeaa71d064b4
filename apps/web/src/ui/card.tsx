import { type ReactNode, useId } from "react";
import css from "./card.module.css";

interface CardProps {
  readonly title: ReactNode;
  /** At the right of the title. */
  readonly aside?: ReactNode;
  /** Content goes to the edge: tables. */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

/** A part of a page under its own heading. */
export function Card({ title, aside, flush = false, children }: CardProps) {
  const id = useId();
  return (
    <section className={css["card"]} aria-labelledby={id}>
      <div className={css["head"]}>
        <h2 id={id}>{title}</h2>
        {aside && <div className={css["aside"]}>{aside}</div>}
      </div>
      <div className={flush ? undefined : css["content"]}>{children}</div>
    </section>
  );
}
