import { useLocalStorage } from "@mantine/hooks";
import { Outlet, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Navigation } from "./navigation.tsx";
import { useServices } from "./services.ts";
import css from "./shell.module.css";
import type { ShortcutAction } from "./shortcuts.ts";
import { useShortcuts } from "./use-shortcuts.ts";

const HelpDialog = lazy(async () => ({ default: (await import("./help-dialog.tsx")).HelpDialog }));

/** What is around every page of somebody who is signed in. */
export function Shell() {
  const [helpOpen, setHelpOpen] = useState(false);
  const [shortcutsOn, setShortcutsOn] = useLocalStorage({ key: "muster-shortcuts", defaultValue: true });
  const navigate = useNavigate();
  const main = useFocusOnArrival();
  useLiveEvents();

  const actions: Record<ShortcutAction, () => void> = {
    filter: () => main.current?.querySelector<HTMLElement>("[data-filter]")?.focus(),
    help: () => setHelpOpen(true),
    overview: () => void navigate({ to: "/" }),
    agents: () => void navigate({ to: "/agents" }),
    rollouts: () => void navigate({ to: "/rollouts" }),
  };
  useShortcuts(shortcutsOn && !helpOpen, (action) => actions[action]());

  return (
    <div className={css["shell"]}>
      <a href="#main" className={css["skip"]}>
        Skip to the content
      </a>
      <Navigation onHelp={() => setHelpOpen(true)} />
      <main id="main" ref={main} tabIndex={-1} className={css["main"]}>
        <Outlet />
      </main>
      {helpOpen && (
        <Suspense fallback={null}>
          <HelpDialog
            onClose={() => setHelpOpen(false)}
            shortcutsOn={shortcutsOn}
            onShortcutsChange={setShortcutsOn}
          />
        </Suspense>
      )}
    </div>
  );
}

/** The stream of events follows the page: narrowed to a rollout on the rollout's own. */
function useLiveEvents(): void {
  const { live } = useServices();
  const { rolloutId } = useParams({ strict: false });
  useEffect(() => live.watch(rolloutId ?? null), [live, rolloutId]);
}

/** After a change of page, not of filters, a keyboard and a screen reader are at its beginning. */
function useFocusOnArrival() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const arrivedAt = useRef(pathname);
  useEffect(() => {
    if (arrivedAt.current === pathname) return;
    arrivedAt.current = pathname;
    main.current?.focus({ preventScroll: true });
  }, [pathname]);
  return main;
}
