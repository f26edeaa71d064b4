import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { checkedDelivery } from "./delivery.config.ts";

export default defineConfig({
  plugins: [react(), checkedDelivery({ entryBudgetBytes: 150_000 })],
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    // Nothing inline: the content policy allows scripts, styles and fonts from the server only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // core is pure: what a page does not use of it, the decoders, stays out.
      treeshake: { moduleSideEffects: [{ test: /packages[\\/]core[\\/]/, sideEffects: false }] },
    },
  },
  server: { proxy: { "/api": process.env["MUSTER_SERVER"] ?? "http://127.0.0.1:8080" } },
});
