import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "@muster/local-fleet";
import { joinSockets } from "./relay.ts";
import { Room } from "./room.ts";
import { type CommandLine, runOk } from "./run.ts";

const SUBNET = "10.77.0";
const RELAY = fileURLToPath(new URL("relay.ts", import.meta.url));

/**
 * A network that only boxes are in: a bridge in a namespace of its own, so that no address or rule of this machine is
 * touched, and two such networks can be there at once. Programs of the test can be put on it too.
 */
export class BoxNetwork {
  /** Where programs started `within` listen. */
  readonly address = `${SUBNET}.1`;
  readonly #room: Room;
  readonly #folder: string;
  readonly #open = new AsyncDisposableStack();
  #next = 2;

  private constructor(room: Room, folder: string) {
    this.#room = room;
    this.#folder = folder;
  }

  /** Its files are made in `folder`, which is the caller's. */
  static async open(folder: string): Promise<BoxNetwork> {
    const room = await Room.open();
    const network = new BoxNetwork(room, folder);
    network.#open.defer(() => room.close());
    await room.runOk(["ip", "link", "add", "boxes", "type", "bridge"]);
    await room.runOk(["ip", "address", "add", `${network.address}/24`, "dev", "boxes"]);
    await room.runOk(["ip", "link", "set", "boxes", "up"]);
    return network;
  }

  /** The command with which a program is started on this network; it sees this machine's files. */
  within(command: CommandLine): CommandLine {
    return ["nsenter", `--net=/proc/${this.#room.pid}/ns/net`, "--", ...command];
  }

  /** Plugs a room in and gives the address that its programs have from now on. */
  async plugIn(room: Room): Promise<string> {
    const number = this.#next;
    this.#next += 1;
    const port = `box${number}`;
    const [uplink, address] = ["host0", `${SUBNET}.${number}`];
    const link = (args: readonly string[]) => runOk(this.within(["ip", "link", ...args]));
    await link(["add", port, "type", "veth", "peer", "name", uplink, "netns", `${room.pid}`]);
    await link(["set", port, "master", "boxes", "up"]);
    await room.runOk(["ip", "address", "add", `${address}/24`, "dev", uplink]);
    await room.runOk(["ip", "link", "set", uplink, "up"]);
    return address;
  }

  /** Makes a port of this network reachable from the test, and gives where: `127.0.0.1:<port>`. */
  async forward(port: number, address = "127.0.0.1"): Promise<string> {
    const socket = join(this.#folder, `${address}-${port}.socket`);
    const relay = new Program(this.within([process.execPath, RELAY, socket, address, `${port}`]));
    this.#open.defer(() => relay.stop("SIGKILL"));
    await relay.line(/listening/);
    const server = createServer((caller) => joinSockets(caller, connect(socket)));
    this.#open.defer(() => void server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await this.#open.disposeAsync();
  }
}
