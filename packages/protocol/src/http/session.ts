import { ROLES } from "@muster/core";
import { z } from "zod";

/** Sign-in of a browser: the admin token becomes an HttpOnly cookie, so that event streams carry it too. */
export const signInSchema = z.object({ token: z.string().min(1).max(256) });
export const sessionSchema = z.object({
  actor: z.string(),
  role: z.enum(ROLES).nullable().describe("In the whole fleet; null: only in groups, or none."),
});
export type SessionView = z.infer<typeof sessionSchema>;
