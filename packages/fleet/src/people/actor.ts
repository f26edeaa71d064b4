import type { Grants } from "@muster/core";

/** Who acts, and the roles that the credentials give now; see core's `can` and `scopeOf`. */
export interface Actor extends Grants {
  /** Of the user, or of an API token that belongs to nobody. */
  readonly name: string;
  /** Null or left out: nobody, a token of the server's own. */
  readonly userId?: string | null;
}
