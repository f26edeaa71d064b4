import { Icon } from "./icon.tsx";
import css from "./state-badge.module.css";
import type { StateLook } from "./states.ts";

/** A state: picture, word and colour. `pill` where it is the main thing on the page. */
export function StateBadge({ look, pill = false }: { readonly look: StateLook; readonly pill?: boolean }) {
  return (
    <span className={css["badge"]} data-tone={look.tone} data-pill={pill || undefined}>
      <Icon name={look.icon} size={pill ? 15 : 14} />
      {look.word}
    </span>
  );
}
