import type {
  AgentListQuery,
  AgentView,
  OverviewView,
  PasskeyAnswer,
  PasskeyOptions,
  PasswordSignIn,
  RolloutVerb,
  RolloutView,
  SessionView,
  SignInMethods,
  TargetView,
} from "@muster/protocol/http";
import { type Fetch, type Query, type Request, send, withQuery } from "./request.ts";

export const API = "/api/v1";

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
  /** How many match, on all pages. */
  readonly total: number;
}

export interface TargetFilter {
  readonly wave?: number | undefined;
  readonly group?: TargetGroup | undefined;
}
export type TargetGroup =
  | "pending"
  | "in_progress"
  | "healthy"
  | "failed"
  | "rolled_back"
  | "silent"
  | "canceled";

/** Where a page begins: null for the first. */
type Cursor = string | null;

/** What the pages ask of the server. Every call throws `ProblemError`. */
export interface Api {
  session(signal?: AbortSignal): Promise<SessionView>;
  signInMethods(signal?: AbortSignal): Promise<SignInMethods>;
  signIn(token: string): Promise<SessionView>;
  /** `SIGN_IN_CODE_REQUIRED` and `SIGN_IN_PASSWORD_CHANGE_REQUIRED` say what to send besides. */
  signInWithPassword(wish: PasswordSignIn): Promise<SessionView>;
  passkeyOptions(): Promise<PasskeyOptions>;
  signInWithPasskey(answer: PasskeyAnswer): Promise<SessionView>;
  /** What an error code means. */
  explain(code: string, signal?: AbortSignal): Promise<{ readonly meaning: string; readonly help: string }>;
  signOut(): Promise<void>;
  overview(signal?: AbortSignal): Promise<OverviewView>;
  agents(query: AgentListQuery, cursor: Cursor, signal?: AbortSignal): Promise<Page<AgentView>>;
  agent(id: string, signal?: AbortSignal): Promise<AgentView>;
  /** The newest of its updates, under way or not. */
  agentTargets(id: string, signal?: AbortSignal): Promise<Page<TargetView>>;
  rollouts(state: string | undefined, cursor: Cursor, signal?: AbortSignal): Promise<Page<RolloutView>>;
  rollout(id: string, signal?: AbortSignal): Promise<RolloutView>;
  targets(id: string, page: TargetPageRequest, signal?: AbortSignal): Promise<Page<TargetView>>;
  /** Answers with the rollout as it is after the verb. */
  act(id: string, verb: RolloutVerb): Promise<RolloutView>;
}

export interface TargetPageRequest {
  readonly filter: TargetFilter;
  readonly cursor: Cursor;
}

const PAGE_SIZE = 200;
/** How many updates an agent's page shows. */
const RECENT = 20;

const page = (cursor: Cursor): Query => ({ limit: PAGE_SIZE, cursor: cursor ?? undefined });

/** The API over a fetch. */
export function createApi(fetch: Fetch): Api {
  const call = <T>(request: Request) => send<T>(fetch, request);
  const get = <T>(path: string, signal: AbortSignal | undefined, query: Query = {}) =>
    call<T>({ method: "GET", path: withQuery(API + path, query), ...(signal && { signal }) });

  return {
    session: (signal) => get("/session", signal),
    signInMethods: (signal) => get("/session/methods", signal),
    signInWithPassword: (body) => call({ method: "POST", path: `${API}/session/password`, body }),
    passkeyOptions: () => call({ method: "POST", path: `${API}/session/passkey/options` }),
    signInWithPasskey: (body) => call({ method: "POST", path: `${API}/session/passkey`, body }),
    explain: (code, signal) => get(`/errors/${encodeURIComponent(code)}`, signal),
    signIn: (token) => call({ method: "POST", path: `${API}/session`, body: { token } }),
    signOut: () => call({ method: "DELETE", path: `${API}/session` }),
    overview: (signal) => get("/overview", signal),
    agents: (query, cursor, signal) => get("/agents", signal, { ...(query as Query), ...page(cursor) }),
    agent: (id, signal) => get(`/agents/${encodeURIComponent(id)}`, signal),
    agentTargets: (id, signal) => get(`/agents/${encodeURIComponent(id)}/targets`, signal, { limit: RECENT }),
    rollouts: (state, cursor, signal) => get("/rollouts", signal, { state, ...page(cursor) }),
    rollout: (id, signal) => get(`/rollouts/${encodeURIComponent(id)}`, signal),
    targets: (id, { filter, cursor }, signal) =>
      get(`/rollouts/${encodeURIComponent(id)}/targets`, signal, { ...filter, ...page(cursor) }),
    act: (id, verb) => call({ method: "POST", path: `${API}/rollouts/${encodeURIComponent(id)}/${verb}` }),
  };
}
