import { expect, test } from "vitest";
import { createLineLog } from "./line-log.ts";

test("an event is one line, whatever it holds", () => {
  const lines: string[] = [];
  const log = createLineLog((line) => lines.push(line));
  log.info("connected", { gateway: "g:1", text: 'two\nlines "quoted"', none: undefined, list: [1] });
  log.error("failed", { cause: new Error("no\nway") });
  expect(lines[0]).toBe('INFO  connected gateway=g:1 text="two\\nlines \\"quoted\\"" list=[1]');
  expect(lines[1]).toMatch(/^ERROR failed cause="Error: no\\nway/);
  expect(lines.join("")).not.toContain("\n");
});

test("the level can be changed while it runs", () => {
  const lines: string[] = [];
  const log = createLineLog((line) => lines.push(line), "warn");
  log.info("quiet");
  log.setLevel("debug");
  log.debug("loud");
  expect(lines).toEqual(["DEBUG loud"]);
});
