import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FAKE_TOKEN, startFakeServer } from "./fake-server.ts";

// Shows the built pages over a fake API: `npm run fake -w apps/web -- --port 5180`.
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    scene: { type: "string", default: "busy" },
    agents: { type: "string", default: "2400" },
    dist: { type: "string", default: fileURLToPath(new URL("../../dist", import.meta.url)) },
  },
});
const { address } = await startFakeServer({
  port: Number(values.port),
  scene: values.scene === "empty" ? "empty" : "busy",
  agents: Number(values.agents),
  dist: values.dist,
});
console.log(JSON.stringify({ address, token: FAKE_TOKEN }));
