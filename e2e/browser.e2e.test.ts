import AxeBuilder from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "./browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

test("the accessibility check sees a control without a name", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.setContent("<html lang=en><title>A page</title><main><h1>A page</h1><button></button></main>");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual(["button-name"]);
});
