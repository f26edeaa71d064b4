import { Kbd, Switch } from "@mantine/core";
import { Fragment } from "react";
import { Dialog } from "../ui/dialog.tsx";
import css from "./help-dialog.module.css";
import { SHORTCUTS } from "./shortcuts.ts";

interface HelpDialogProps {
  readonly onClose: () => void;
  readonly shortcutsOn: boolean;
  readonly onShortcutsChange: (on: boolean) => void;
}

/** The keys, and the way to turn them off. */
export function HelpDialog({ onClose, shortcutsOn, onShortcutsChange }: HelpDialogProps) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl className={css["keys"]}>
        {SHORTCUTS.map(({ keys, does }) => (
          <Fragment key={does}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </Fragment>
        ))}
      </dl>
      <Switch
        label="Shortcuts on"
        checked={shortcutsOn}
        onChange={(event) => onShortcutsChange(event.currentTarget.checked)}
      />
    </Dialog>
  );
}
