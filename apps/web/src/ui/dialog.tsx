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
    // Locking the scroll would inject a style element, which a strict content policy refuses.
    <Modal.Root
      opened
      onClose={onClose}
      centered
      size={480}
      lockScroll={false}
      transitionProps={{ duration: 0 }}
    >
      <Modal.Overlay backgroundOpacity={0.5} />
      <Modal.Content className={css["content"] ?? ""}>
        {/* Not Modal.Header: that is a second banner of the page. */}
        <div className={css["header"]}>
          <Modal.Title className={css["title"] ?? ""}>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
