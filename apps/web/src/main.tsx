/* oxlint-disable import/no-unassigned-import -- a style sheet has nothing to assign */
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
/* oxlint-enable import/no-unassigned-import */
import { MantineProvider } from "@mantine/core";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createApi } from "./api/api.ts";
import { isSignedOut, ProblemError } from "./api/problem.ts";
import { KEYS } from "./api/queries.ts";
import { createAppRouter } from "./app/router.tsx";
import { type Services, ServicesContext } from "./app/services.ts";
import { theme } from "./app/theme.ts";
import { createCacheSink } from "./live/cache-sink.ts";
import { createLive } from "./live/live.ts";
import { createTicker } from "./live/ticker.ts";

const fetcher = (input: string, init: RequestInit) => fetch(input, init);
const now = () => Date.now();
const after = (ms: number, callback: () => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

function start(container: HTMLElement): void {
  const api = createApi(fetcher);
  const queryClient = createQueryClient(() => {
    queryClient.removeQueries({ queryKey: KEYS.session });
    void router.invalidate();
  });
  const ticker = createTicker(now);
  const live = createLive(
    { fetch: fetcher, now, random: () => Math.random(), after, ticker },
    createCacheSink(queryClient, now),
  );
  const router = createAppRouter({ queryClient, api });
  const services: Services = { api, live, ticker };

  createRoot(container).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <ServicesContext value={services}>
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </ServicesContext>
      </MantineProvider>
    </StrictMode>,
  );
}

/** `onSignedOut` is called when the server no longer knows the session. */
function createQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (error: Error, query?: { readonly queryKey: readonly unknown[] }) => {
    if (isSignedOut(error) && query?.queryKey[0] !== KEYS.session[0]) onSignedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    defaultOptions: {
      queries: {
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < 2 && error instanceof ProblemError && error.problem.retryable,
      },
    },
  });
}

const container = document.getElementById("root");
if (container === null) throw new Error("index.html has no element with the id root");
start(container);
