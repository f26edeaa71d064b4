import AxeBuilder from "@axe-core/playwright";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../browser.ts";
import { buildPages, type FakeFleet, startFakeFleet } from "./fake-fleet.ts";

const MOVING = "/rollouts/r_7k2m9d";
const HALTED = "/rollouts/r_4fpa0z";

let pages: Awaited<ReturnType<typeof buildPages>>;
let fleet: FakeFleet;
let browser: Browser;

beforeAll(async () => {
  pages = await buildPages();
  [fleet, browser] = await Promise.all([startFakeFleet(pages.folder), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await fleet?.stop();
  await pages?.remove();
});

interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser complained about: errors of scripts, and what the content policy refused. */
  readonly complaints: string[];
}

async function visit(path: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Visit> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  await page.goto(fleet.address + path);
  await page.getByLabel("Admin token").fill(fleet.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(fleet.address + path);
  return { page, context, complaints };
}

/** What axe found, with the element it found it at. */
function found({ violations }: Awaited<ReturnType<AxeBuilder["analyze"]>>): string[] {
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

const SIGNED_IN = [
  { path: "/", ready: "Active rollouts" },
  { path: "/agents", ready: "600 agents" },
  { path: "/rollouts", ready: "4 rollouts" },
  { path: MOVING, ready: "Waves" },
  { path: `${HALTED}?show=rolled_back`, ready: "Waves" },
  { path: "/agents/a_00035s", ready: "Telemetry" },
];

test.each(["light", "dark"] as const)(
  "axe finds nothing on any page in the %s scheme",
  async (colorScheme) => {
    const { page, context, complaints } = await visit("/", { colorScheme, reducedMotion: "reduce" });
    for (const { path, ready } of SIGNED_IN) {
      await page.goto(fleet.address + path);
      await page.getByRole("heading", { name: ready }).waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${path} ${id}: ${nodes[0]?.html}`)).toEqual([]);
    }
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to Muster" }).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  },
);

test("what is open above a page passes axe too: a confirmation, a target's details, the help", async () => {
  const { page, context } = await visit(`${HALTED}?show=rolled_back`, { reducedMotion: "reduce" });
  const firstRow = page.getByRole("table", { name: "Targets" }).getByRole("button").first();
  await firstRow.click();
  await page.getByText("The last it printed").or(page.getByText("Last report")).first().waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").waitFor();
  const confirming = await new AxeBuilder({ page }).analyze();
  expect(found(confirming)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  const helping = await new AxeBuilder({ page }).analyze();
  expect(found(helping)).toEqual([]);
  await context.close();
});

test("progress is seen as it happens, without a reload", async () => {
  const { page, context } = await visit(MOVING);
  let loads = 0;
  page.on("load", () => (loads += 1));
  const touched = page.locator("dt:has-text('hosts touched') + dd");
  const before = await touched.innerText();
  await page.waitForFunction(
    (earlier) =>
      [...document.querySelectorAll("dt")].some(
        (term) => term.textContent === "hosts touched" && term.nextElementSibling?.textContent !== earlier,
      ),
    before,
  );
  expect(loads).toBe(0);
  await context.close();
});

test("a broken stream is mended by itself, and the badge says so in between", async () => {
  const { page, context } = await visit(MOVING);
  await page.getByText("live", { exact: true }).waitFor();
  await page.route("**/api/v1/live*", (route) => route.abort());
  await fleet.cutStreams();
  await page.getByText("reconnecting", { exact: true }).waitFor();
  expect(await page.getByText("live", { exact: true }).count()).toBe(0);
  await page.unroute("**/api/v1/live*");
  await page.getByText("live", { exact: true }).waitFor();
  await context.close();
});

test("a verb asks first, does nothing until the server has answered, and a disabled one says why", async () => {
  const { page, context } = await visit(MOVING);
  const disabled = page.getByRole("button", { name: "Approve" });
  // The library's style sheets undo each other if they come in another order.
  expect(await disabled.evaluate((button) => getComputedStyle(button).borderRadius)).not.toBe("0px");
  await disabled.press("Enter");
  await page.getByRole("dialog", { name: "Approve is not possible now" }).waitFor();
  await page.getByText("No wave waits for an approval.").first().waitFor();
  await page.keyboard.press("Escape");

  const { promise: held, resolve: answer } = Promise.withResolvers<void>();
  await page.route("**/pause", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
  expect(await page.getByText("Running", { exact: true }).count()).toBeGreaterThan(0);
  answer();
  await page.getByText("an operator paused it").first().waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume", exact: true }).click();
  await page.getByText("Running", { exact: true }).waitFor();
  await context.close();
});

test("the keyboard reaches everything: the skip link, the filter, the pages", async () => {
  const { page, context } = await visit("/agents");
  await page.goto(`${fleet.address}/agents`);
  await page.getByRole("heading", { name: "600 agents" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
  await page.keyboard.press("/");
  await page.keyboard.type("is:offline g r ?");
  expect(new URL(page.url()).pathname).toBe("/agents");
  await page.keyboard.press("Escape");
  await page.keyboard.type("is:offline");
  await page.getByRole("heading", { name: /^\d+ agents match$/ }).waitFor();
  expect(new URL(page.url()).searchParams.get("q")).toBe("is:offline");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.waitForURL("**/rollouts");
  await context.close();
});

test("a tile leads to exactly the agents that it counts", async () => {
  const { page, context } = await visit("/");
  const tile = page.getByRole("link", { name: /^Offline/ });
  const counted = /\d+/.exec((await tile.innerText()).replace("Offline", ""))?.[0];
  await tile.click();
  const heading = await page.getByRole("heading", { name: /match$/ }).innerText();
  expect(heading).toBe(`${counted} agents match`);
  await context.close();
});

test("of a long list only the rows in view exist, and they say which of how many they are", async () => {
  const { page, context } = await visit("/agents");
  const table = page.getByRole("table", { name: "Agents" });
  await table.waitFor();
  expect(await table.getAttribute("aria-rowcount")).toBe("601");
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await page.waitForFunction(
    () =>
      Number([...document.querySelectorAll("[aria-rowindex]")].at(-1)?.getAttribute("aria-rowindex")) > 150,
  );
  expect(await table.getByRole("row").count()).toBeLessThan(80);
  await context.close();
});

test("loading, empty, error and not found never look alike", async () => {
  const { page, context } = await visit("/rollouts/r_nowhere");
  await page.getByText("There is no rollout r_nowhere").waitFor();
  await page.getByText("RESOURCE_NOT_FOUND").waitFor();
  await page.goto(`${fleet.address}/nowhere`);
  await page.getByRole("heading", { name: "There is no page at this address" }).waitFor();
  await page.goto(`${fleet.address}/agents?q=nobody-has-this-name`);
  await page.getByText("No agent matches this filter").waitFor();
  await page.goto(`${fleet.address}/agents?q=foo:bar`);
  await page.getByText("The filter is not understood, so nothing is shown").waitFor();
  await page.route("**/api/v1/rollouts?*", (route) => route.abort());
  await page.goto(`${fleet.address}/rollouts`);
  await page.getByText("Loading the rollouts…").waitFor({ state: "attached" });
  await page.getByText("SERVER_UNREACHABLE").waitFor();
  expect(await page.getByText("Loading the rollouts…").count()).toBe(0);
  await page.unroute("**/api/v1/rollouts?*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "4 rollouts" }).waitFor();
  await context.close();
});

test("a wrong token is told with its code and the way out", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${fleet.address}/sign-in?next=https://elsewhere.example/`);
  await page.getByLabel("Admin token").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("AUTH_REQUIRED").waitFor();
  await page.getByLabel("Admin token").fill(fleet.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Fleet" }).waitFor();
  expect(page.url()).toBe(`${fleet.address}/`);
  await context.close();
});

test("an empty fleet says what to type next", async () => {
  const empty = await startFakeFleet(pages.folder, "empty");
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(empty.address);
  await page.getByLabel("Admin token").fill(empty.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("muster token create").waitFor();
  await page.getByRole("link", { name: "Rollouts" }).click();
  await page.getByText("No rollout yet").waitFor();
  expect(await page.getByText("muster rollout").count()).toBeGreaterThan(0);
  await context.close();
  await empty.stop();
});

test("at twice the size, which is half the width, nothing is cut off sideways", async () => {
  const { page, context } = await visit(MOVING, { viewport: { width: 640, height: 450 } });
  for (const { path, ready } of SIGNED_IN) {
    await page.goto(fleet.address + path);
    await page.getByRole("heading", { name: ready }).waitFor();
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0);
  }
  await context.close();
});
