import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import css from "./dialog.module.css";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A dialog: holds the focus, closes with Esc, gives the focus back. */
export function Dialog({ title, onClose, children }: DialogProps) {
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      centered
      size={480}
      // Locking the scroll would inject a style element, which the content policy refuses.
      lockScroll={false}
      transitionProps={{ duration: 0 }}
      overlayProps={{ backgroundOpacity: 0.5 }}
      closeButtonProps={{ "aria-label": "Close" }}
      classNames={{ content: css["content"] ?? "", header: css["header"] ?? "", title: css["title"] ?? "" }}
    >
      {children}
    </Modal>
  );
}
