import { CopyButton, UnstyledButton } from "@mantine/core";
import css from "./command.module.css";
import { Icon } from "./icon.tsx";

/** A command line to copy. */
export function Command({ text }: { readonly text: string }) {
  return (
    <div className={css["command"]}>
      <code>
        <span aria-hidden="true" className={css["prompt"]}>
          ${" "}
        </span>
        {text}
      </code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <UnstyledButton
            className={css["copy"]}
            onClick={copy}
            aria-label={copied ? "Copied" : `Copy: ${text}`}
          >
            <Icon name={copied ? "done" : "copy"} size={14} />
            <span aria-hidden="true">{copied ? "Copied" : "Copy"}</span>
          </UnstyledButton>
        )}
      </CopyButton>
    </div>
  );
}
