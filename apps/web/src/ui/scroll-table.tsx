import type { ReactNode } from "react";
import css from "./table.module.css";

/** A small table that scrolls sideways in its own box where the page is narrow, by keyboard too. */
export function ScrollTable({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls has to be reachable by keyboard (WCAG 2.1.1)
    <section className={css["scroll"]} aria-label={`${label}, table`} tabIndex={0}>
      <table className={css["table"]}>{children}</table>
    </section>
  );
}
