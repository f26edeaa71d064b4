import { z } from "zod";
import {
  agentPageSchema,
  agentSchema,
  type AgentView,
  createdTokenSchema,
  overviewSchema,
  tokenPageSchema,
  type agentListQuerySchema,
  type CreateToken,
} from "./agents.ts";
import { commandPageSchema, type CommandRequest, commandSchema } from "./commands.ts";
import { liveEvents, type EventOptions } from "./event-stream.ts";
import {
  agentDesiredSchema,
  type ChangeMembers,
  type CreateGroup,
  desiredSchema,
  groupPageSchema,
  groupSchema,
  groupStatusSchema,
  type LabelAgents,
  labelledSchema,
  type PreviewRule,
  type PutDesired,
  rulePreviewSchema,
  type UpdateGroup,
} from "./groups.ts";
import {
  releasePageSchema,
  releaseSchema,
  type PublishRelease,
  type releaseListQuerySchema,
} from "./releases.ts";
import type { artifactKeySchema, releaseKeySchema } from "./releases.ts";
import {
  previewSchema,
  rolloutPageSchema,
  rolloutSchema,
  targetPageSchema,
  type rolloutListQuerySchema,
  type RolloutRequest,
  type RolloutVerb,
  type targetListQuerySchema,
} from "./rollouts.ts";
import {
  availableUpdateSchema,
  type CreateOperation,
  type operationListQuerySchema,
  operationPageSchema,
  operationSchema,
  type RequestUpdate,
} from "./operations.ts";
import type { pageQuerySchema } from "./common.ts";
import { type CreateFreeze, freezeListSchema, freezeSchema } from "./freezes.ts";
import { apiTokenCalls, meCalls, sessionCalls, userCalls } from "./people-client.ts";
import { auditCalls, eventLogCalls, webhookCalls } from "./records-client.ts";
import {
  type CreateSource,
  type ImportRelease,
  sourcePageSchema,
  sourceReleasesSchema,
  sourceSchema,
  type UpdateSource,
} from "./sources.ts";
import { createTransport, path, type ClientOptions, type Transport, type UploadBody } from "./transport.ts";

/** What a list may be asked for, as it is before it becomes text in an address. */
type Asked<S extends z.ZodType> = { readonly [K in keyof z.output<S>]?: z.output<S>[K] | undefined };

export type PageQuery = Asked<typeof pageQuerySchema>;
export type AgentQuery = Asked<typeof agentListQuerySchema>;
export type ReleaseQuery = Asked<typeof releaseListQuerySchema>;
export type RolloutQuery = Asked<typeof rolloutListQuerySchema>;
export type OperationQuery = Asked<typeof operationListQuerySchema>;
export type TargetQuery = Asked<typeof targetListQuerySchema>;
export type ReleaseKey = z.input<typeof releaseKeySchema>;
export type ArtifactKey = z.input<typeof artifactKeySchema>;

/** Ends a call early; it then throws the signal's reason. */
interface Call {
  readonly signal?: AbortSignal | undefined;
}

/** The server asks the release host before it answers, in milliseconds. */
const HOST_TIMEOUT_MS = 120_000;

/** Labels of a whole fleet are changed before it answers, in milliseconds. */
const LONG_TIMEOUT_MS = 120_000;

/** The whole API, typed. What every call throws: the server's code, or `SERVER_UNREACHABLE`. */
export type Client = ReturnType<typeof createClient>;

/**
 * A client of the API, for Node and browsers. Reads are tried again when the server is away for a moment; nothing else
 * is ever sent twice.
 *
 * @example
 * const client = createClient({ server: "https://muster.example", token });
 * const { items } = await client.agents.list({ labels: "env=production" });
 */
export function createClient(options: ClientOptions) {
  const transport = createTransport(options);
  return {
    releases: releaseCalls(transport),
    sources: sourceCalls(transport),
    freezes: freezeCalls(transport),
    agents: agentCalls(transport),
    groups: groupCalls(transport),
    tokens: tokenCalls(transport),
    rollouts: rolloutCalls(transport),
    operations: operationCalls(transport),
    session: sessionCalls(transport),
    users: userCalls(transport),
    apiTokens: apiTokenCalls(transport),
    me: meCalls(transport),
    overview: ({ signal }: Call = {}) =>
      transport.json(overviewSchema, { method: "GET", path: "/api/v1/overview", signal }),
    audit: auditCalls(transport),
    eventLog: eventLogCalls(transport),
    webhooks: webhookCalls(transport),
    /** How the fleet stands and changes, for a page that shows it; `eventLog` has what happened. */
    events: (eventOptions: EventOptions = {}) => liveEvents(transport, eventOptions),
    /** The OpenAPI document. */
    openApi: () => transport.json(z.looseObject({}), { method: "GET", path: "/api/v1/openapi.json" }),
    /** Returns when the server is ready to work; `SERVER_OVERLOADED` or `SERVER_UNREACHABLE` while it is not. */
    ready: async ({ signal }: Call = {}) => {
      await transport.send({ method: "GET", path: "/readyz", signal });
    },
  };
}

function releaseCalls({ json }: Transport) {
  return {
    list: (query: ReleaseQuery = {}, { signal }: Call = {}) =>
      json(releasePageSchema, { method: "GET", path: "/api/v1/releases", query, signal }),
    get: ({ product, version }: ReleaseKey, { signal }: Call = {}) =>
      json(releaseSchema, { method: "GET", path: path`/api/v1/releases/${product}/${version}`, signal }),
    /** Publishing the same bytes again is answered with the release as it stands. */
    publish: (body: PublishRelease, { signal }: Call = {}) =>
      json(releaseSchema, { method: "POST", path: "/api/v1/releases", body, signal }),
    /** Sends an archive; answered with the release as it then stands. */
    upload: ({ product, version, os, arch }: ArtifactKey, body: UploadBody, { signal }: Call = {}) =>
      json(releaseSchema, {
        method: "PUT",
        path: path`/api/v1/releases/${product}/${version}/artifacts/${os}/${arch}`,
        content: { body, type: "application/octet-stream" },
        timeoutMs: null,
        signal,
      }),
    yank: ({ product, version }: ReleaseKey, why: string) =>
      json(releaseSchema, {
        method: "POST",
        path: path`/api/v1/releases/${product}/${version}/yank`,
        body: { why },
      }),
    /** Begins a failed mirroring anew; it goes on where it stopped. */
    retry: ({ product, version }: ReleaseKey) =>
      json(releaseSchema, { method: "POST", path: path`/api/v1/releases/${product}/${version}/retry` }),
  };
}

function sourceCalls({ json, send }: Transport) {
  return {
    list: (query: PageQuery = {}, { signal }: Call = {}) =>
      json(sourcePageSchema, { method: "GET", path: "/api/v1/sources", query, signal }),
    get: (id: string, { signal }: Call = {}) =>
      json(sourceSchema, { method: "GET", path: path`/api/v1/sources/${id}`, signal }),
    create: (body: CreateSource) => json(sourceSchema, { method: "POST", path: "/api/v1/sources", body }),
    update: (id: string, body: UpdateSource) =>
      json(sourceSchema, { method: "PUT", path: path`/api/v1/sources/${id}`, body }),
    remove: async (id: string) => {
      await send({ method: "DELETE", path: path`/api/v1/sources/${id}` });
    },
    /** What the release host has; asked at most every five minutes unless `refresh` is true. */
    releases: (id: string, { refresh }: { readonly refresh?: boolean } = {}, { signal }: Call = {}) =>
      json(sourceReleasesSchema, {
        method: "GET",
        path: path`/api/v1/sources/${id}/releases`,
        query: { refresh },
        timeoutMs: HOST_TIMEOUT_MS,
        signal,
      }),
    /** Answered with the release as it stands: its artifacts are still to be mirrored. */
    import: (id: string, body: ImportRelease, { signal }: Call = {}) =>
      json(releaseSchema, {
        method: "POST",
        path: path`/api/v1/sources/${id}/import`,
        body,
        timeoutMs: HOST_TIMEOUT_MS,
        signal,
      }),
  };
}

function agentCalls({ json }: Transport) {
  return {
    /** Asks a connected agent for something and waits for its answer; `AGENT_OFFLINE`, `COMMAND_…`. */
    run: (id: string, body: CommandRequest) =>
      json(commandSchema, {
        method: "POST",
        path: path`/api/v1/agents/${id}/commands`,
        body,
        timeoutMs: LONG_TIMEOUT_MS,
      }),
    commands: (id: string, query: PageQuery = {}, { signal }: Call = {}) =>
      json(commandPageSchema, { method: "GET", path: path`/api/v1/agents/${id}/commands`, query, signal }),
    list: (query: AgentQuery = {}, { signal }: Call = {}) =>
      json(agentPageSchema, { method: "GET", path: "/api/v1/agents", query, signal }),
    get: (id: string, { signal }: Call = {}) =>
      json(agentSchema, { method: "GET", path: path`/api/v1/agents/${id}`, signal }),
    /** The agent's past and present targets, newest first. */
    targets: (id: string, query: PageQuery = {}, { signal }: Call = {}) =>
      json(targetPageSchema, { method: "GET", path: path`/api/v1/agents/${id}/targets`, query, signal }),
    /** What the agent is to run by its groups, and why it does not. */
    desired: (id: string, { signal }: Call = {}) =>
      json(agentDesiredSchema, { method: "GET", path: path`/api/v1/agents/${id}/desired`, signal }),
    /** What the agent is offered, and whether it can take it. */
    availableUpdate: (id: string, { signal }: Call = {}) =>
      json(availableUpdateSchema, {
        method: "GET",
        path: path`/api/v1/agents/${id}/updates/available`,
        signal,
      }),
    /** Asks for what it is offered, as an operation; `OPERATION_…`. */
    requestUpdate: (id: string, body: RequestUpdate = {}) =>
      json(operationSchema, { method: "POST", path: path`/api/v1/agents/${id}/update`, body }),
    /** All labels that the control plane gives the agent. */
    putLabels: (id: string, labels: AgentView["labels"]) =>
      json(agentSchema, { method: "PUT", path: path`/api/v1/agents/${id}/labels`, body: { labels } }),
    /** Sets and removes labels of many; with `dryRun` it only counts. */
    label: (body: LabelAgents) =>
      json(labelledSchema, {
        method: "POST",
        path: "/api/v1/agents/labels",
        body,
        timeoutMs: LONG_TIMEOUT_MS,
      }),
    /** Locks the agent out for good. */
    forgive: (id: string) => json(agentSchema, { method: "POST", path: path`/api/v1/agents/${id}/forgive` }),
    revoke: (id: string) => json(agentSchema, { method: "POST", path: path`/api/v1/agents/${id}/revoke` }),
  };
}

/** Groups by id or name. */
function groupCalls({ json, send }: Transport) {
  return {
    list: (query: PageQuery = {}, { signal }: Call = {}) =>
      json(groupPageSchema, { method: "GET", path: "/api/v1/groups", query, signal }),
    get: (group: string, { signal }: Call = {}) =>
      json(groupSchema, { method: "GET", path: path`/api/v1/groups/${group}`, signal }),
    create: (body: CreateGroup) => json(groupSchema, { method: "POST", path: "/api/v1/groups", body }),
    update: (group: string, body: UpdateGroup) =>
      json(groupSchema, { method: "PUT", path: path`/api/v1/groups/${group}`, body }),
    remove: async (group: string) => {
      await send({ method: "DELETE", path: path`/api/v1/groups/${group}` });
    },
    /** Named members of a group without a rule. */
    changeMembers: (group: string, body: ChangeMembers) =>
      json(groupSchema, { method: "POST", path: path`/api/v1/groups/${group}/members`, body }),
    /** Who would join and leave with this rule. */
    preview: (body: PreviewRule) =>
      json(rulePreviewSchema, { method: "POST", path: "/api/v1/groups/preview", body }),
    status: (group: string, { signal }: Call = {}) =>
      json(groupStatusSchema, { method: "GET", path: path`/api/v1/groups/${group}/status`, signal }),
    putDesired: (group: string, product: string, body: PutDesired) =>
      json(desiredSchema, {
        method: "PUT",
        path: path`/api/v1/groups/${group}/desired/${product}`,
        body,
      }),
    removeDesired: async (group: string, product: string) => {
      await send({ method: "DELETE", path: path`/api/v1/groups/${group}/desired/${product}` });
    },
    /** What went wrong so far holds nothing back any more. */
    clearDesired: (group: string, product: string) =>
      json(desiredSchema, {
        method: "POST",
        path: path`/api/v1/groups/${group}/desired/${product}/clear`,
      }),
  };
}

function tokenCalls({ json, send }: Transport) {
  return {
    list: (query: PageQuery = {}, { signal }: Call = {}) =>
      json(tokenPageSchema, { method: "GET", path: "/api/v1/tokens", query, signal }),
    create: (body: CreateToken = {}) =>
      json(createdTokenSchema, { method: "POST", path: "/api/v1/tokens", body }),
    revoke: async (id: string) => {
      await send({ method: "DELETE", path: path`/api/v1/tokens/${id}` });
    },
  };
}

function rolloutCalls({ json }: Transport) {
  return {
    preview: (body: RolloutRequest, { signal }: Call = {}) =>
      json(previewSchema, { method: "POST", path: "/api/v1/rollouts/preview", body, signal }),
    create: (body: RolloutRequest) => json(rolloutSchema, { method: "POST", path: "/api/v1/rollouts", body }),
    list: (query: RolloutQuery = {}, { signal }: Call = {}) =>
      json(rolloutPageSchema, { method: "GET", path: "/api/v1/rollouts", query, signal }),
    get: (id: string, { signal }: Call = {}) =>
      json(rolloutSchema, { method: "GET", path: path`/api/v1/rollouts/${id}`, signal }),
    targets: (id: string, query: TargetQuery = {}, { signal }: Call = {}) =>
      json(targetPageSchema, { method: "GET", path: path`/api/v1/rollouts/${id}/targets`, query, signal }),
    /** Pauses, resumes, approves, cancels or retries; answered with the rollout as it then stands. */
    act: (id: string, verb: RolloutVerb) =>
      json(rolloutSchema, { method: "POST", path: path`/api/v1/rollouts/${id}/${verb}` }),
  };
}

function operationCalls({ json }: Transport) {
  return {
    /** The same operation again is answered with how it stands. */
    create: (body: CreateOperation) =>
      json(operationSchema, { method: "POST", path: "/api/v1/operations", body }),
    list: (query: OperationQuery = {}, { signal }: Call = {}) =>
      json(operationPageSchema, { method: "GET", path: "/api/v1/operations", query, signal }),
    get: (name: string, { signal }: Call = {}) =>
      json(operationSchema, { method: "GET", path: path`/api/v1/operations/${name}`, signal }),
  };
}

function freezeCalls({ json, send }: Transport) {
  return {
    list: ({ signal }: Call = {}) =>
      json(freezeListSchema, { method: "GET", path: "/api/v1/freezes", signal }),
    create: (body: CreateFreeze) => json(freezeSchema, { method: "POST", path: "/api/v1/freezes", body }),
    remove: async (id: string): Promise<void> => {
      await send({ method: "DELETE", path: path`/api/v1/freezes/${id}` });
    },
  };
}
