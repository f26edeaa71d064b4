import type { ReactNode } from "react";
import { LiveBadge } from "../app/live-badge.tsx";
import css from "./page-header.module.css";

interface PageHeaderProps {
  readonly title: ReactNode;
  /** For the browser's tab. */
  readonly documentTitle: string;
  /** The way back up, above the title. */
  readonly above?: ReactNode;
  /** Beside the title. */
  readonly beside?: ReactNode;
  /** Under the title. */
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

/** The head of a page: where one is, how fresh it is, what can be done. */
export function PageHeader({ title, documentTitle, above, beside, children, actions }: PageHeaderProps) {
  return (
    <div className={css["header"]}>
      <title>{`${documentTitle} · Muster`}</title>
      {above && <div className={css["above"]}>{above}</div>}
      <div className={css["row"]}>
        <div className={css["title"]}>
          <h1>{title}</h1>
          {beside}
          <LiveBadge />
        </div>
        {actions && <div className={css["actions"]}>{actions}</div>}
      </div>
      {children}
    </div>
  );
}
