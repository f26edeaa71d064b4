import { expect, test, vi } from "vitest";
import type { FleetChange } from "../ports.ts";
import { createLocalBus } from "./local-bus.ts";

const change = (agentId: string): FleetChange => ({ kind: "agent", agentId });
const rethrow = (error: unknown) => {
  throw error;
};

test("every subscriber gets every change in order until it leaves", () => {
  const bus = createLocalBus(rethrow);
  const first: FleetChange[] = [];
  const second: FleetChange[] = [];
  const leave = bus.subscribe((received) => first.push(received));
  bus.subscribe((received) => second.push(received));
  bus.publish(change("a"));
  leave();
  bus.publish(change("b"));
  expect(first).toEqual([change("a")]);
  expect(second).toEqual([change("a"), change("b")]);
});

test("a subscriber that throws is reported, and the others still hear of the change", () => {
  const onError = vi.fn<(error: unknown) => void>();
  const bus = createLocalBus(onError);
  const heard: FleetChange[] = [];
  const broken = new Error("broken");
  bus.subscribe(() => {
    throw broken;
  });
  bus.subscribe((received) => heard.push(received));
  bus.publish(change("a"));
  expect(onError).toHaveBeenCalledExactlyOnceWith(broken);
  expect(heard).toEqual([change("a")]);
});

test("a change published while another is delivered comes after it for everyone", () => {
  const bus = createLocalBus(rethrow);
  const heard: string[] = [];
  bus.subscribe((received) => {
    if (received.kind === "agent" && received.agentId === "a") bus.publish(change("b"));
  });
  bus.subscribe((received) => heard.push(received.kind === "agent" ? received.agentId : received.kind));
  bus.publish(change("a"));
  expect(heard).toEqual(["a", "b"]);
});
