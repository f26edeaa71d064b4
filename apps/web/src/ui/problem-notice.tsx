import { Button } from "@mantine/core";
import { problemOf } from "../api/problem.ts";
import { Icon } from "./icon.tsx";
import css from "./notice.module.css";

interface ProblemNoticeProps {
  readonly error: unknown;
  /** What was being done, as a heading: `The rollouts could not be read`. */
  readonly what?: string;
  readonly onRetry?: () => void;
}

/** An error as it is: code, message and the way out. */
export function ProblemNotice({ error, what, onRetry }: ProblemNoticeProps) {
  const problem = problemOf(error);
  return (
    <div role="alert" className={css["problem"]}>
      <span className={css["problemIcon"]}>
        <Icon name="failed" size={18} />
      </span>
      <div className={css["body"]}>
        <p className={css["title"]}>{what ?? problem.title}</p>
        <p>{problem.detail}</p>
        <p className={css["help"]}>{problem.help}</p>
        <p className={css["code"]}>
          <code>{problem.code}</code>
          {problem.status > 0 && <span> · HTTP {problem.status}</span>}
        </p>
      </div>
      {onRetry && (
        <Button variant="default" size="xs" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
