import type { ErrorComponentProps } from "@tanstack/react-router";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import css from "./page-states.module.css";

/** The page's code is on its way. */
export function PagePending() {
  return <output className={css["pending"]}>Loading the page…</output>;
}

/** The page could not be shown at all. */
export function PageError({ error, reset }: ErrorComponentProps) {
  return (
    <div className={css["error"]}>
      <title>Error · Muster</title>
      <h1 className="visually-hidden">Error</h1>
      <ProblemNotice error={error} what="This page could not be shown" onRetry={reset} />
    </div>
  );
}
