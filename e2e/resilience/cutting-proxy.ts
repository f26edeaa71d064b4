import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A TCP proxy that breaks connections: a network that is bad on purpose. */
export class CuttingProxy {
  /** How often it has cut a connection. */
  cuts = 0;
  /** Cuts a connection after so many bytes down to the client; null: never. */
  cutAfterBytes: number | null = null;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: string) {
    const [host = "", port = ""] = target.split(":");
    this.#server = createServer((client) => this.#pipe(client, connect(Number(port), host)));
  }

  static async start(target: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pipe(client: Socket, server: Socket): void {
    let passed = 0;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end);
      socket.once("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.pipe(server);
    server.on("data", (chunk) => {
      passed += chunk.byteLength;
      const isCut = this.cutAfterBytes !== null && passed > this.cutAfterBytes;
      if (isCut) this.cuts += 1;
      if (isCut) end();
      else if (!client.write(chunk)) server.pause();
    });
    client.on("drain", () => server.resume());
  }
}
