import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // A limit against hanging, not a measure: machines are busy.
          testTimeout: 60_000,
          include: ["{packages,apps}/*/src/**/*.test.{ts,tsx}", "{scripts,packaging}/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.e2e.test.ts"],
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
