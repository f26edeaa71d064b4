import { CopyButton, UnstyledButton } from "@mantine/core";
import css from "./copy-command.module.css";
import { Icon } from "./icon.tsx";

/** Copies the command that shows the same as what is beside it. */
export function CopyCommand({ text }: { readonly text: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <UnstyledButton className={css["button"]} title={text} onClick={copy}>
          <Icon name={copied ? "done" : "copy"} size={13} />
          {copied ? "Copied" : "Copy as CLI"}
        </UnstyledButton>
      )}
    </CopyButton>
  );
}
