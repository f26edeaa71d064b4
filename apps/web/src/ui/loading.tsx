import css from "./loading.module.css";

/** Something is on its way: grey bars that move, and words for those who do not see them. */
export function Loading({ what, rows = 4 }: { readonly what: string; readonly rows?: number }) {
  return (
    <output className={css["loading"]}>
      <span className="visually-hidden">Loading {what}…</span>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} className={css["row"]} aria-hidden="true" />
      ))}
    </output>
  );
}
