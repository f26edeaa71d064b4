import { useEffect, useEffectEvent } from "react";
import { type Prefix, readKey, type ShortcutAction } from "./shortcuts.ts";

/** Calls back for every shortcut pressed while `enabled`. */
export function useShortcuts(enabled: boolean, onAction: (action: ShortcutAction) => void): void {
  const act = useEffectEvent(onAction);
  useEffect(() => {
    if (!enabled) return undefined;
    let prefix: Prefix = null;
    const press = (event: KeyboardEvent) => {
      const read = readKey(prefix, {
        key: event.key,
        modified: event.ctrlKey || event.altKey || event.metaKey,
        typing: isTextTarget(event.target),
      });
      prefix = read.prefix;
      if (read.action === null) return;
      event.preventDefault();
      act(read.action);
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [enabled]);
}

function isTextTarget(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}
