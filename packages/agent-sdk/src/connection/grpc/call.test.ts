import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import { createServer, type AddressInfo, type Server } from "node:net";
import { MusterError } from "@muster/core";
import { createAuthority, issueServerCertificate, type CertifiedKey } from "@muster/trust/x509";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { openCall, type GrpcCall } from "./call.ts";
import { frameOf } from "./frames.ts";

const now = Date.now();
const problemOfTest = new MusterError("SERVER_UNREACHABLE", { problem: "no answer" });
let authority: CertifiedKey;
let certified: CertifiedKey;
beforeAll(async () => {
  authority = await createAuthority({ name: "test agents", now });
  const names = { names: ["localhost"], ips: ["127.0.0.1"], ttlMs: 86_400_000, now };
  certified = await issueServerCertificate(authority, names);
});

const servers: (Http2SecureServer | Server)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers each call as told; resolves with its address. */
async function serve(answer: (stream: ServerHttp2Stream) => void): Promise<string> {
  const { certificatePem: cert, privateKeyPem: key } = certified;
  const server = createSecureServer({ cert, key });
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    answer(stream);
  });
  return await addressOf(server);
}

async function addressOf(server: Http2SecureServer | Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Ending {
  readonly call: GrpcCall;
  readonly messages: readonly string[];
  readonly problem: MusterError | null;
}

/** Opens a call, sends `hello`, and waits for its end. */
function converse(
  address: string,
  { ca = authority.certificatePem, onMessage }: { ca?: string; onMessage?: (call: GrpcCall) => void } = {},
): Promise<Ending> {
  const messages: string[] = [];
  return new Promise((resolve) => {
    const call = openCall(
      "/test/Connect",
      { address, identity: { ca } },
      {
        received: (message) => {
          messages.push(message.toString());
          onMessage?.(call);
        },
        ended: (problem) => setImmediate(() => resolve({ call, messages, problem })),
      },
    );
    call.send(Buffer.from("hello"));
  });
}

const OK = { ":status": 200, "content-type": "application/grpc" } as const;
const finish = (stream: ServerHttp2Stream, trailers: Record<string, string>) => {
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end();
};

describe("a call", () => {
  test("gets every message and ends in order when the server says so, also before its own side has ended", async () => {
    const address = await serve((stream) => {
      stream.respond(OK, { waitForTrailers: true });
      stream.on("data", (bytes: Buffer) => {
        stream.write(Buffer.concat([frameOf(bytes.subarray(5)), frameOf(Buffer.from("again"))]));
        finish(stream, { "grpc-status": "0" });
      });
    });
    const { messages, problem, call } = await converse(address);
    expect({ messages, problem }).toEqual({ messages: ["hello", "again"], problem: null });
    expect(call.send(Buffer.from("late"))).toBe(false);
  });

  test("that is refused at once has Muster's code and the server's words", async () => {
    const address = await serve((stream) => {
      const refusal = {
        "grpc-status": "14",
        "grpc-message": "too%20much",
        "muster-code": "SERVER_OVERLOADED",
      };
      stream.respond({ ...OK, ...refusal }, { endStream: true });
    });
    const { problem } = await converse(address);
    expect(problem).toMatchObject({ code: "SERVER_OVERLOADED", details: { problem: "too much" } });
  });

  test("that ends with a code after its messages has both", async () => {
    const address = await serve((stream) => {
      stream.respond(OK, { waitForTrailers: true });
      stream.write(frameOf(Buffer.from("welcome")));
      finish(stream, { "grpc-status": "10", "grpc-message": "%", "muster-code": "AGENT_REPLACED" });
    });
    const { messages, problem } = await converse(address);
    expect(messages).toEqual(["welcome"]);
    expect(problem).toMatchObject({ code: "AGENT_REPLACED", details: { problem: "%" } });
  });

  test("whose receiver throws ends with what it threw, and hears no more", async () => {
    const address = await serve((stream) => {
      stream.respond(OK);
      stream.write(Buffer.concat([frameOf(Buffer.from("one")), frameOf(Buffer.from("two"))]));
    });
    const { messages, problem } = await converse(address, {
      onMessage: () => {
        throw new Error("unreadable");
      },
    });
    expect(messages).toEqual(["one"]);
    expect(problem).toMatchObject({ code: "INTERNAL_UNEXPECTED" });
  });

  test("that is cut off from inside a message hears no more of what came with it", async () => {
    const address = await serve((stream) => {
      stream.respond(OK);
      stream.write(Buffer.concat([frameOf(Buffer.from("one")), frameOf(Buffer.from("two"))]));
    });
    const { messages, problem } = await converse(address, {
      onMessage: (call) => call.cancel(problemOfTest),
    });
    expect({ messages, problem }).toEqual({ messages: ["one"], problem: problemOfTest });
  });
});

describe("unreachable is a server that", () => {
  const behaviours: Record<string, (stream: ServerHttp2Stream) => void> = {
    "is a proxy without a gateway": (stream) => stream.respond({ ":status": 503 }, { endStream: true }),
    "ends without a status": (stream) => {
      stream.respond(OK);
      stream.end(frameOf(Buffer.from("welcome")));
    },
    "resets the call": (stream) => stream.close(2),
    "breaks the connection": (stream) => stream.session?.destroy(),
    "gives a code that is none": (stream) =>
      stream.respond({ ...OK, "grpc-status": "2", "muster-code": "NO_SUCH_CODE" }, { endStream: true }),
  };
  test.each(Object.entries(behaviours))("%s", async (_, answer) => {
    const { problem } = await converse(await serve(answer));
    expect(problem).toMatchObject({ code: "SERVER_UNREACHABLE" });
  });

  test("has a certificate of another CA", async () => {
    let calls = 0;
    const address = await serve(() => (calls += 1));
    const { certificatePem: ca } = await createAuthority({ name: "another", now });
    expect((await converse(address, { ca })).problem).toMatchObject({ code: "SERVER_UNREACHABLE" });
    expect(calls).toBe(0);
  });

  test("does not speak TLS", async () => {
    const address = await addressOf(createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    expect((await converse(address)).problem).toMatchObject({ code: "SERVER_UNREACHABLE" });
  });

  test.each([
    ["has an address that is none", "localhost:99999", undefined],
    [
      "has a CA that cannot be read",
      "localhost:1",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
  ])("%s", async (_, address, ca) => {
    const { problem, call } = await converse(address, ca === undefined ? {} : { ca });
    expect(problem).toMatchObject({ code: "SERVER_UNREACHABLE" });
    expect(call.send(Buffer.from("late"))).toBe(false);
  });

  test("is not there", async () => {
    const address = await addressOf(createServer());
    await new Promise((resolve) => servers[0]?.close(resolve));
    expect((await converse(address)).problem).toMatchObject({ code: "SERVER_UNREACHABLE" });
  });
});
