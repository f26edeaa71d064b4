import { type Browser, chromium } from "playwright-core";

/** A fresh headless Chromium; the caller closes it. `CHROMIUM_PATH` names another than Debian's. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium" });
}
