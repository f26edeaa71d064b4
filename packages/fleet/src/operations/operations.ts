import { MusterError } from "@muster/core";
import type { CreateOperation, OperationView } from "@muster/protocol/http";
import { sql } from "kysely";
import type { DesiredStates } from "../groups/ports.ts";
import { filterContext, type GroupBook } from "../groups/group-book.ts";
import type { Clock } from "../ports.ts";
import type { Controller } from "../rollout/controller/controller.ts";
import { deedsOfCreation } from "../rollout/controller/draft-deeds.ts";
import { newRollout } from "../rollout/create-rollout.ts";
import { previewRollout } from "../rollout/preview.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { OperationRow } from "../store/operation-tables.ts";
import { readAvailable } from "./available.ts";
import { findMachine, type Machine, wantedVersion } from "./machine.ts";
import { oneAgentRequest } from "./one-agent.ts";
import { toOperationViews } from "./operation-rows.ts";
import type { OperationCaller, Operations } from "./ports.ts";

export interface OperationPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly controller: Pick<Controller, "inTurn" | "add" | "openRollouts" | "listeningSince">;
  readonly book: GroupBook;
  readonly desired: Pick<DesiredStates, "ofAgent">;
}

/** Operations, over the rollouts' own controller: there is one way in which a host is updated. */
export function createOperations(ports: OperationPorts): Operations {
  const { db, clock, controller } = ports;
  const context = () =>
    filterContext(ports.book, { now: clock.now(), listeningSince: controller.listeningSince() });
  const available = (agentId: string) =>
    readAvailable({ ...ports, openRollouts: () => controller.openRollouts() }, agentId);
  const create: Operations["create"] = (request, caller) =>
    // In turn, so that two cannot take the same name, or the same agent.
    controller.inTurn(async () => {
      const known = await readRow(db, request.metadata.name);
      if (known) return again(db, known, { request, caller });
      return viewOf(db, await begin(ports, request, caller));
    });
  return {
    create,
    read: async (name) => {
      const row = await readRow(db, name);
      if (!row) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "operation", name });
      return viewOf(db, row);
    },
    list: async (query) => {
      const { agentId, within } = query;
      let operations = db.selectFrom("operations");
      if (agentId !== undefined) operations = operations.where("agent_id", "=", agentId);
      if (within !== undefined) {
        const { membersOf } = context();
        operations = operations.where("agent_id", "in", (eb) =>
          eb
            .selectFrom("agents")
            .select("agents.id")
            .where((of) => of.or(within.flatMap((group) => membersOf(of, group) ?? []))),
        );
      }
      const id = sql.ref("id");
      const order = {
        sort: id,
        id,
        type: "string",
        descending: true,
        placeOf: (row: OperationRow) => ({ sort: row.id, id: row.id }),
      } as const;
      const { items, nextCursor } = await readPage(operations.selectAll(), query, order);
      const { total } = await operations
        .select((eb) => eb.fn.countAll<number>().as("total"))
        .executeTakeFirstOrThrow();
      return { items: await toOperationViews(db, items), nextCursor, total };
    },
    available,
    requestUpdate: async (agentId, { name }, caller) => {
      const { available: offered, reason } = await available(agentId);
      if (!offered) throw new MusterError("OPERATION_NOT_NEEDED", { agent: agentId, reason });
      const { version } = offered;
      const request = {
        kind: "MachineOperation",
        operationKind: "AgentUpgrade",
        metadata: { name: name ?? nameFor(agentId, version) },
        spec: { machineRef: agentId, parameters: { version } },
      } as const satisfies CreateOperation;
      return create(request, caller);
    },
  };
}

/** The same for the same agent and version, so that asking twice is asking once. */
function nameFor(agentId: string, version: string): string {
  const text = `update-${agentId}-${version}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return text.replace(/-$/, "");
}

function readRow(db: Database, name: string): Promise<OperationRow | undefined> {
  return db.selectFrom("operations").selectAll().where("name", "=", name).executeTakeFirst();
}

async function viewOf(db: Database, row: OperationRow): Promise<OperationView> {
  const [view] = await toOperationViews(db, [row]);
  if (!view) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "operation", name: row.name });
  return view;
}

/** Throws `OPERATION_EXISTS` unless it asks for the same thing, of a machine that the caller may update. */
function again(
  db: Database,
  known: OperationRow,
  { request, caller }: { readonly request: CreateOperation; readonly caller: OperationCaller },
): Promise<OperationView> {
  const isSame = known.spec_json === specText(request) && known.operation_kind === request.operationKind;
  if (!isSame || !caller.mayUpdate(known.agent_id)) {
    throw new MusterError("OPERATION_EXISTS", { name: known.name });
  }
  return viewOf(db, known);
}

/** Always in the same order, so that equal specifications are equal texts. */
function specText({ spec }: CreateOperation): string {
  const { version, downloadURL } = spec.parameters;
  return JSON.stringify({ machineRef: spec.machineRef, parameters: { version, downloadURL } });
}

async function begin(
  ports: OperationPorts,
  request: CreateOperation,
  { actor, audit, mayUpdate }: OperationCaller,
): Promise<OperationRow> {
  const { db, clock, newId, controller, book } = ports;
  const machine = await findMachine(db, request.spec.machineRef, mayUpdate);
  const version = await wantedVersion(db, machine, request.spec.parameters);
  const hearing = { now: clock.now(), listeningSince: controller.listeningSince() };
  const previewing = {
    db,
    openRollouts: () => controller.openRollouts(),
    filterContext: () => filterContext(book, hearing),
    groupId: () => undefined,
  };
  const planned = await previewRollout(previewing, oneAgentRequest(machine, version));
  const [excluded] = planned.preview.excluded;
  if (excluded && excluded.reason !== "already_there") {
    throw new MusterError("OPERATION_IMPOSSIBLE", { agent: machine.id, version, reason: excluded.reason });
  }
  const about = { newId, now: clock.now(), createdBy: actor.name };
  const row = { ...rowOf(request, machine, about), version };
  if (excluded) {
    await db.transaction().execute(async (trx) => {
      await trx.insertInto("operations").values(row).execute();
      await audit.recordIn(trx, deedOf(row));
    });
    return row;
  }
  const created = newRollout(planned, about);
  const begun = { ...row, rollout_id: created.rollout.id };
  await controller.add(created, async (trx) => {
    await trx.insertInto("operations").values(begun).execute();
    await audit.recordIn(trx, deedOf(begun), ...deedsOfCreation(created));
  });
  return begun;
}

function rowOf(
  request: CreateOperation,
  { id, product, version }: Machine,
  {
    newId,
    now,
    createdBy,
  }: { readonly newId: () => string; readonly now: number; readonly createdBy: string },
): Omit<OperationRow, "version"> {
  return {
    id: newId(),
    name: request.metadata.name,
    operation_kind: request.operationKind,
    spec_json: specText(request),
    agent_id: id,
    from_version: version,
    product,
    rollout_id: null,
    created_at: now,
    created_by: createdBy,
  };
}

function deedOf({ name, agent_id: agent, product, version, rollout_id: rollout }: OperationRow) {
  const resource = { kind: "operation", id: name };
  return { action: "operation.create", resource, details: { agent, product, version, rollout } };
}
