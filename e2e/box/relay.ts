import { connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

/** Joins two connections: what comes from one goes to the other, and they end together. */
export function joinSockets(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.once("close", () => to.destroy());
  }
}

// As a program, in another network than its caller: `relay.ts <socket file> <address> <port>`.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , socket = "", address = "", port = ""] = process.argv;
  const server = createServer((caller) => joinSockets(caller, connect(Number(port), address)));
  server.listen(socket, () => console.log("listening"));
}
