import { MusterError } from "@muster/core";
import type { Actor } from "@muster/fleet";

/** Who asks on a route that is not public. */
export function actorOf(actor: Actor | null): Actor {
  if (!actor) throw new MusterError("AUTH_REQUIRED");
  return actor;
}
