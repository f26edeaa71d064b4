import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createPace } from "./pace.ts";
import { createPlanQueue } from "./plan-queue.ts";

const fail = (error: unknown) => {
  throw error;
};

test("a poke in quiet runs at once, and a storm of pokes runs one round for each gap", async () => {
  const clock = createFakeClock(1000);
  const rounds: number[] = [];
  const pace = createPace({ clock, round: async () => void rounds.push(clock.now()), onError: fail });
  for (let now = 1000; now < 1100; now += 1) {
    clock.goTo(now);
    pace.poke();
    clock.goTo(now);
    await setImmediate();
  }
  expect(rounds).toEqual([1000, 1025, 1050, 1075]);
});

test("a poke during a round runs another one after it, never two at once", async () => {
  const clock = createFakeClock(1000);
  const gate = Promise.withResolvers<void>();
  let running = 0;
  let rounds = 0;
  const round = async () => {
    running += 1;
    rounds += 1;
    expect(running).toBe(1);
    await gate.promise;
    running -= 1;
  };
  const pace = createPace({ clock, round, onError: fail });
  pace.poke();
  clock.goTo(1000);
  pace.poke();
  pace.poke();
  clock.goTo(5000);
  expect(rounds).toBe(1);
  gate.resolve();
  await setImmediate();
  expect(rounds).toBe(1);
  expect(clock.next()).toBe(5250);
  clock.goTo(5250);
  await setImmediate();
  expect(rounds).toBe(2);
  expect(clock.next()).toBeNull();
});

test("a rollout that cannot be planned is tried again, and does not hold up the others", async () => {
  const clock = createFakeClock(1000);
  const planned: string[] = [];
  const errors: unknown[] = [];
  let isBroken = true;
  const plan = async (id: string) => {
    if (id === "a" && isBroken) throw new Error("disk full");
    planned.push(id);
  };
  const queue = createPlanQueue({ clock, plan, onError: (error) => errors.push(error) });
  queue.poke("a");
  queue.poke("b");
  expect(clock.next()).toBeNull();
  queue.start();
  clock.goTo(1000);
  await setImmediate();
  expect(planned).toEqual(["b"]);
  expect(errors).toHaveLength(1);
  isBroken = false;
  clock.goTo(1500);
  await setImmediate();
  expect(planned).toEqual(["b"]);
  clock.goTo(2000);
  await setImmediate();
  expect(planned).toEqual(["b", "a"]);
});

test("nothing runs after it was stopped", async () => {
  const clock = createFakeClock(1000);
  let rounds = 0;
  const pace = createPace({ clock, round: async () => void (rounds += 1), onError: fail });
  pace.poke();
  pace.stop();
  pace.poke();
  clock.goTo(9000);
  await setImmediate();
  expect(rounds).toBe(0);
});
