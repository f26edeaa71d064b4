import css from "./version.module.css";

/** A version, or that none was reported. */
export function Version({ version }: { readonly version: string | null }) {
  return version === null ? <span className={css["unknown"]}>unknown</span> : <code>{version}</code>;
}

/** From which version to which. */
export function VersionStep({ from, to }: { readonly from: string | null; readonly to: string }) {
  return (
    <span className={css["step"]}>
      <Version version={from} />
      <span className={css["arrow"]}>
        <span aria-hidden="true">→</span>
        <span className="visually-hidden"> to </span>
      </span>
      <Version version={to} />
    </span>
  );
}
