import { rolloutSchema, targetListQuerySchema } from "@muster/protocol/http";
import { expect, test } from "vitest";
import { readRolloutListSearch, readRolloutSearch } from "./search.ts";

test("every state of the API can stand in the address of the list, and nothing else", () => {
  for (const state of rolloutSchema.shape.state.options) {
    expect(readRolloutListSearch({ state })).toEqual({ state });
  }
  expect(readRolloutListSearch({ state: "dancing" })).toStrictEqual({ state: undefined });
});

test("every group of the API can stand in the address of a rollout, and nothing else", () => {
  for (const show of targetListQuerySchema.shape.group.unwrap().options) {
    expect(readRolloutSearch({ show })).toEqual({ show });
  }
  expect(readRolloutSearch({ show: "everybody" })).toStrictEqual({ wave: undefined, show: undefined });
});

test("a wave is a whole number from 1 on, also when the address has it as text", () => {
  expect(readRolloutSearch({ wave: "2" })).toEqual({ wave: 2 });
  for (const wave of [0, -1, 1.5, "x", null]) expect(readRolloutSearch({ wave })).toEqual({});
});
