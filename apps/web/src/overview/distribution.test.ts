import { expect, test } from "vitest";
import { createFakeFleet } from "../testing/fake-fleet.ts";
import { distributionOf, shadeOf, SHADES } from "./distribution.ts";

const overview = createFakeFleet("empty", 0, 0).overview();

test("products with most agents come first, their versions from new to old", () => {
  const versions = [
    { product: "sidecar", version: "2.0.0", count: 1 },
    { product: "agent", version: null, count: 2 },
    { product: "agent", version: "1.9.0", count: 30 },
    { product: "agent", version: "1.10.0", count: 8 },
  ];
  expect(distributionOf({ ...overview, versions })).toEqual([
    {
      product: "agent",
      total: 40,
      versions: [
        { version: "1.10.0", count: 8 },
        { version: "1.9.0", count: 30 },
        { version: null, count: 2 },
      ],
    },
    { product: "sidecar", total: 1, versions: [{ version: "2.0.0", count: 1 }] },
  ]);
});

test("more versions than shades share the last, and an unknown one has its own", () => {
  expect(shadeOf({ version: "1.0.0", count: 1 }, SHADES + 3)).toBe(String(SHADES - 1));
  expect(shadeOf({ version: null, count: 1 }, 0)).toBe("unknown");
});
