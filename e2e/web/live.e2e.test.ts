import AxeBuilder from "@axe-core/playwright";
import type { LocalFleet } from "@muster/local-fleet";
import type { Browser, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../browser.ts";
import { LIMITS, publishGood, startFleet, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

let fleet: LocalFleet;
let browser: Browser;
let page: Page;
/** Errors of scripts, and what the server's content policy refused. */
const complaints: string[] = [];

beforeAll(async () => {
  fleet = await startFleet(cleanUp);
  const seed = await publishGood(fleet, "1.0.0");
  await fleet.addHosts(["host-1", "host-2"], seed);
  await publishGood(fleet, "1.1.0");
  browser = await launchBrowser();
  cleanUp.defer(() => browser.close());
  page = await (await browser.newContext()).newPage();
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
});

async function loads(): Promise<number> {
  return page.evaluate(() => performance.getEntriesByType("navigation").length + performance.timeOrigin);
}

test("a wrong token is refused in words, the right one opens the fleet", async () => {
  await page.goto(fleet.server.url);
  await page.getByLabel("Admin token").fill("mst_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("AUTH_REQUIRED").waitFor();
  await page.getByLabel("Admin token").fill(fleet.server.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Fleet" }).waitFor();
  await page.getByText("1.0.0").first().waitFor();
  expect(await page.title()).toContain("Muster");
});

test("a rollout is seen from its first wave to its approval and its end, without reloading", async () => {
  const { id } = await fleet.roll("1.1.0", {
    strategy: { kind: "waves", waves: [{ count: 1 }, { percent: 100 }], settleMs: 0, approval: "manual" },
    limits: LIMITS,
  });
  await page.goto(`${fleet.server.url}/rollouts/${id}`);
  await page.getByRole("heading", { name: /acme-agent/ }).waitFor();
  const loaded = await loads();
  await page
    .getByRole("button", { name: "Approve" })
    .and(page.locator(":not([aria-disabled=true])"))
    .click({ timeout: 60_000 });
  await page.getByRole("dialog").getByRole("button", { name: "Approve the next wave", exact: true }).click();
  await page.getByText("Completed").first().waitFor({ timeout: 60_000 });
  expect(await loads()).toBe(loaded);
  expect((await fleet.client.rollouts.get(id)).counts).toMatchObject({ healthy: 2 });
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
});

test("the overview shows the new version, and no page broke the content policy", async () => {
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await page.getByText("1.1.0").first().waitFor();
  expect(complaints).toEqual([]);
});
