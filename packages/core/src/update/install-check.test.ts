import { expect, test } from "vitest";
import { requireInstallable, type Installed, type InstallRequest } from "./install-check.ts";

const digest = "a".repeat(64);
const request: InstallRequest = {
  manifest: { product: "acme-agent", version: "1.1.0" },
  manifestDigest: digest,
  allowDowngrade: false,
};
const installed: Installed = { product: "acme-agent", version: "1.0.0", floor: null, bad: [] };

test.for<[string, Partial<Installed>, Partial<InstallRequest>]>([
  ["a newer version", {}, {}],
  ["anything, where nothing is known", { product: null, version: null }, {}],
  ["an older version with permission", { version: "2.0.0" }, { allowDowngrade: true }],
  ["the floor itself", { floor: "1.1.0" }, {}],
  [
    "a repaired release of a version that was bad",
    { bad: [{ version: "1.1.0", manifestDigest: "b".repeat(64) }] },
    {},
  ],
])("%s is installed", ([, has, asks]) => {
  expect(() => requireInstallable({ ...request, ...asks }, { ...installed, ...has })).not.toThrow();
});

test.for<[string, string, Partial<Installed>, Partial<InstallRequest>]>([
  ["another product", "MANIFEST_PRODUCT_MISMATCH", { product: "other" }, {}],
  ["what runs already", "UPDATE_NOT_NEEDED", { version: "1.1.0" }, {}],
  ["an older version", "UPDATE_DOWNGRADE_FORBIDDEN", { version: "1.1.1" }, {}],
  [
    "a prerelease of what runs",
    "UPDATE_DOWNGRADE_FORBIDDEN",
    { version: "1.1.1" },
    { manifest: { product: "acme-agent", version: "1.1.1-rc.1" } },
  ],
  [
    "below the floor, with permission",
    "UPDATE_BELOW_FLOOR",
    { version: "2.0.0", floor: "1.2.0" },
    { allowDowngrade: true },
  ],
  [
    "what was rolled back here, with permission",
    "UPDATE_VERSION_BAD",
    { bad: [{ version: "1.1.0", manifestDigest: digest }] },
    { allowDowngrade: true },
  ],
])("%s is refused with %s", ([, code, has, asks]) => {
  expect(() => requireInstallable({ ...request, ...asks }, { ...installed, ...has })).toThrow(
    expect.objectContaining({ code }),
  );
});
