import { expect, test } from "vitest";
import { createGroupCommit } from "./group-commit.ts";

test("items that arrive together are committed once, and each gets its own result", async () => {
  const groups: number[][] = [];
  const write = createGroupCommit<number, number>(async (items) => {
    groups.push([...items]);
    return items.map((item) => item * 10);
  });
  expect(await Promise.all([1, 2, 3].map(write))).toEqual([10, 20, 30]);
  expect(groups).toEqual([[1, 2, 3]]);
});

test("what arrives while a group is written goes into the next one", async () => {
  const groups: number[][] = [];
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const write = createGroupCommit<number, number>(async (items) => {
    groups.push([...items]);
    begun.resolve();
    await gate.promise;
    return items;
  });
  const first = write(1);
  await begun.promise;
  const rest = [write(2), write(3)];
  gate.resolve();
  await Promise.all([first, ...rest]);
  expect(groups).toEqual([[1], [2, 3]]);
});

test("an item that is refused does not take the others with it", async () => {
  const refusal = new Error("not this one");
  const write = createGroupCommit<number, number>(async (items) =>
    items.map((item) => (item === 2 ? refusal : item)),
  );
  const results = await Promise.allSettled([1, 2, 3].map(write));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("a group that cannot be written fails whole, and the next one is tried", async () => {
  let broken = true;
  const write = createGroupCommit<number, number>(async (items) => {
    if (broken) throw new Error("disk full");
    return items;
  });
  await expect(write(1)).rejects.toThrow("disk full");
  broken = false;
  expect(await write(2)).toBe(2);
});
