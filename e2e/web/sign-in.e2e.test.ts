import { createHmac } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import type { LocalFleet } from "@muster/local-fleet";
import { type Client, createClient } from "@muster/protocol/http";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { launchBrowser } from "../browser.ts";
import { startFleet, useCleanUp } from "../fleet.ts";

const PASSWORD = "four words nobody says";
const cleanUp = useCleanUp();

let fleet: LocalFleet;
let browser: Browser;
/** With a name, which passkeys need. */
let address: string;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  fleet = await startFleet(cleanUp);
  address = fleet.server.url.replace("127.0.0.1", "localhost");
  browser = await launchBrowser();
  cleanUp.defer(() => browser.close());
});
beforeEach(async () => {
  context = await browser.newContext();
  cleanUp.defer(() => context.close());
  page = await context.newPage();
});

async function signIn(name: string, password: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const opened = () => page.getByRole("heading", { name: "Fleet" }).waitFor();

async function clientOf(name: string): Promise<Client> {
  const anonymous = createClient({ server: fleet.server.url });
  const { secret } = await anonymous.session.createWithPassword({
    name,
    password: PASSWORD,
    carrier: "bearer",
  });
  return createClient({ server: fleet.server.url, token: secret ?? "" });
}

/** RFC 6238 with a secret in Base32. */
function totp(secret: string, now: number): string {
  const bits = Array.from(secret, (letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  ).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}

test("before there is a user the page asks for the server's token; afterwards for a name and a password", async () => {
  await page.goto(address);
  await page.getByLabel("Admin token").waitFor();
  const made = await fleet.client.users.create({
    name: "alice",
    grants: [{ role: "administrator", groupId: null }],
  });
  await page.reload();
  await signIn("alice", "a wrong password");
  await page.getByText("SIGN_IN_REFUSED").waitFor();
  await signIn("alice", made.initialPassword ?? "");
  await page.getByLabel("New password").fill(PASSWORD);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await opened();
  await page.getByText("alice").first().waitFor();
});

test("who signs in with codes is asked for one, and goes on to the page that was wanted", async () => {
  await fleet.client.users.create({
    name: "carol",
    password: PASSWORD,
    grants: [{ role: "viewer", groupId: null }],
  });
  const carol = await clientOf("carol");
  const { secret } = await carol.me.beginTotp();
  const { codes } = await carol.me.confirmTotp(totp(secret, Date.now()));
  await page.goto(`${address}/rollouts`);
  await signIn("carol", PASSWORD);
  await page.getByLabel("Code").fill("000000");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("SIGN_IN_REFUSED").waitFor();
  await page.getByLabel("Code").fill(codes[0] ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${address}/rollouts`);
  expect(new URL(page.url()).pathname).toBe("/rollouts");
});

test("a passkey needs neither name nor password", async () => {
  await fleet.client.users.create({
    name: "paula",
    password: PASSWORD,
    grants: [{ role: "viewer", groupId: null }],
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(address);
  await signIn("paula", PASSWORD);
  await opened();
  // The page for it comes with the settings; the browser's part is the same.
  const status = await page.evaluate(async () => {
    const begin = await fetch("/api/v1/me/passkeys/options", { method: "POST" });
    const { challenge, options } = await begin.json();
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const made = await navigator.credentials.create({ publicKey });
    const credential = made instanceof PublicKeyCredential ? made.toJSON() : null;
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ challenge, name: "laptop", credential });
    return (await fetch("/api/v1/me/passkeys", { method: "POST", headers, body })).status;
  });
  expect(status).toBe(204);
  await context.clearCookies();
  await page.goto(address);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await opened();
  await page.getByText("paula").first().waitFor();
});
