import type { ReactNode } from "react";
import { Command } from "./command.tsx";
import css from "./notice.module.css";

interface EmptyNoticeProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** What to type next. */
  readonly commands?: readonly string[];
  readonly action?: ReactNode;
}

/** Nothing is here, and that is the truth, not a wait: with what would change it. */
export function EmptyNotice({ title, children, commands = [], action }: EmptyNoticeProps) {
  return (
    <div className={css["empty"]}>
      <p className={css["title"]}>{title}</p>
      {children && <div className={css["help"]}>{children}</div>}
      {commands.map((command) => (
        <Command key={command} text={command} />
      ))}
      {action}
    </div>
  );
}
