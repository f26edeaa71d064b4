import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { readAgentSearch } from "../agents/search.ts";
import type { Api } from "../api/api.ts";
import { isSignedOut } from "../api/problem.ts";
import { sessionQuery } from "../api/queries.ts";
import { readRolloutListSearch, readRolloutSearch } from "../rollouts/search.ts";
import { readSignInSearch } from "../session/search.ts";
import { NotFoundPage } from "./not-found-page.tsx";
import { PageError, PagePending } from "./page-states.tsx";
import { Shell } from "./shell.tsx";

interface RouterContext {
  readonly queryClient: QueryClient;
  readonly api: Api;
}

const root = createRootRouteWithContext<RouterContext>()({ component: Outlet });

const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: Shell,
  beforeLoad: async ({ context: { queryClient, api }, location }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery(api));
    } catch (error) {
      if (!isSignedOut(error)) throw error;
      throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { next: location.href } });
    }
  },
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: readSignInSearch,
  component: lazyRouteComponent(() => import("../session/sign-in-page.tsx"), "SignInPage"),
});

const overview = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  component: lazyRouteComponent(() => import("../overview/overview-page.tsx"), "OverviewPage"),
});

const agents = createRoute({
  getParentRoute: () => signedIn,
  path: "/agents",
  validateSearch: readAgentSearch,
  component: lazyRouteComponent(() => import("../agents/agents-page.tsx"), "AgentsPage"),
});

const agent = createRoute({
  getParentRoute: () => signedIn,
  path: "/agents/$agentId",
  component: lazyRouteComponent(() => import("../agents/agent-page.tsx"), "AgentPage"),
});

const rollouts = createRoute({
  getParentRoute: () => signedIn,
  path: "/rollouts",
  validateSearch: readRolloutListSearch,
  component: lazyRouteComponent(() => import("../rollouts/rollouts-page.tsx"), "RolloutsPage"),
});

const rollout = createRoute({
  getParentRoute: () => signedIn,
  path: "/rollouts/$rolloutId",
  validateSearch: readRolloutSearch,
  component: lazyRouteComponent(() => import("../rollouts/rollout-page.tsx"), "RolloutPage"),
});

const routeTree = root.addChildren([
  signIn,
  signedIn.addChildren([overview, agents, agent, rollouts, rollout]),
]);

/** The pages by address; each page's code is fetched when it is first wanted. */
export function createAppRouter(context: RouterContext) {
  return createRouter({
    routeTree,
    context,
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultPendingComponent: PagePending,
    defaultErrorComponent: PageError,
    defaultNotFoundComponent: NotFoundPage,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
