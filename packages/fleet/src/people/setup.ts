import { MusterError } from "@muster/core";
import type { Setup } from "@muster/protocol/http";
import type { Database } from "../store/database.ts";
import type { UserRow } from "../store/schema.ts";
import { type ApiTokens, SERVER_TOKEN } from "./api-tokens.ts";
import type { Place } from "./ports.ts";
import { readUser } from "./user-rows.ts";
import type { Users } from "./users.ts";

/**
 * Makes the first user, an administrator, for whoever holds the token that the server printed. Throws `AUTH_REQUIRED` for
 * any other token, `SETUP_DONE` once there is a user, `USER_NAME_TAKEN` or `PASSWORD_UNSUITABLE`.
 */
export type SetUp = (request: Setup, place: Place) => Promise<UserRow>;

interface SetupPorts {
  readonly db: Database;
  readonly apiTokens: Pick<ApiTokens, "find" | "revoke">;
  readonly users: Pick<Users, "exist" | "create">;
}

export function createSetup({ db, apiTokens, users }: SetupPorts): SetUp {
  return async (request, place) => {
    const holder = await apiTokens.find(request.token.trim());
    if (holder?.credential.id !== SERVER_TOKEN) throw new MusterError("AUTH_REQUIRED");
    if (await users.exist()) throw new MusterError("SETUP_DONE");
    const { name, email, password } = request;
    const administrator = { role: "administrator", groupId: null } as const;
    const { id } = await users.create(
      { name, email, password, grants: [administrator] },
      { ...holder, place },
    );
    if (request.endToken === true) await apiTokens.revoke(SERVER_TOKEN, "all");
    return readUser(db, id);
  };
}
