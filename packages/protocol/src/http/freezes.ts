import { z } from "zod";
import { idSchema, timestampSchema } from "./common.ts";

const freezeFields = {
  name: z.string().min(1).max(100).describe("Why, for people."),
  from: timestampSchema,
  until: timestampSchema.describe("The first moment after it."),
};

export const freezeSchema = z
  .object({ id: z.string(), ...freezeFields, createdAt: timestampSchema, createdBy: z.string() })
  .meta({ id: "Freeze" });
export type FreezeView = z.infer<typeof freezeSchema>;

export const createFreezeSchema = z.strictObject(freezeFields);
export type CreateFreeze = z.infer<typeof createFreezeSchema>;

export const freezeListSchema = z.object({ items: z.array(freezeSchema) });
export const freezeKeySchema = z.object({ id: idSchema });
