import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A page's wish as `navigator.credentials` gets it. */
export interface AuthenticatorWish {
  /** The server's options, as JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of the page that asks, as the browser knows it. */
  readonly origin: string;
  /** Whether the person has shown a finger or a PIN; yes unless told. */
  readonly isUserVerified?: boolean;
}

/** A device that makes real passkeys in software: ES256 keys, CBOR, signatures (WebAuthn Level 3, §6). */
export interface SoftwareAuthenticator {
  readonly id: string;
  register(wish: AuthenticatorWish): {
    id: string;
    rawId: string;
    type: "public-key";
    response: { clientDataJSON: string; attestationObject: string; transports: string[] };
  };
  answer(wish: AuthenticatorWish): {
    id: string;
    rawId: string;
    type: "public-key";
    response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle: string };
  };
  /** What the counter says at the next answer; for a copied device. */
  counter: number;
}

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const CREDENTIAL_INCLUDED = 0x40;

export function createSoftwareAuthenticator(): SoftwareAuthenticator {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rawId = randomBytes(32);
  const id = rawId.toString("base64url");
  let userHandle = "";
  const device: SoftwareAuthenticator = {
    id,
    counter: 1,
    register: ({ options, origin, isUserVerified = true }) => {
      const { id: host } = options["rp"] as { id: string };
      userHandle = (options["user"] as { id: string }).id;
      const flags = USER_PRESENT | CREDENTIAL_INCLUDED | (isUserVerified ? USER_VERIFIED : 0);
      const credential = Buffer.concat([Buffer.alloc(16), uint(rawId.length, 2), rawId, coseKey(publicKey)]);
      const authData = Buffer.concat([authenticatorData(host, flags, device.counter), credential]);
      device.counter += 1;
      const attestationObject = cborMap([
        [cborText("fmt"), cborText("none")],
        [cborText("attStmt"), cborMap([])],
        [cborText("authData"), cborBytes(authData)],
      ]);
      return {
        id,
        rawId: id,
        type: "public-key",
        response: {
          clientDataJSON: clientData("webauthn.create", options, origin).toString("base64url"),
          attestationObject: attestationObject.toString("base64url"),
          transports: ["internal"],
        },
      };
    },
    answer: ({ options, origin, isUserVerified = true }) => {
      const flags = USER_PRESENT | (isUserVerified ? USER_VERIFIED : 0);
      const data = authenticatorData(String(options["rpId"]), flags, device.counter);
      const client = clientData("webauthn.get", options, origin);
      const signed = Buffer.concat([data, createHash("sha256").update(client).digest()]);
      device.counter += 1;
      return {
        id,
        rawId: id,
        type: "public-key",
        response: {
          clientDataJSON: client.toString("base64url"),
          authenticatorData: data.toString("base64url"),
          signature: sign("sha256", signed, privateKey).toString("base64url"),
          userHandle,
        },
      };
    },
  };
  return device;
}

/** §5.8.1: what the page asked, as the browser saw it. */
function clientData(type: string, options: AuthenticatorWish["options"], origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge: options["challenge"], origin, crossOrigin: false }));
}

/** §6.1: the hash of the pages' host, what the person did, and how often the key was used. */
function authenticatorData(host: string, flags: number, counter: number): Buffer {
  const hash = createHash("sha256").update(host).digest();
  return Buffer.concat([hash, Buffer.from([flags]), uint(counter, 4)]);
}

/** RFC 9053 §7.1.1: an EC2 key of P-256 for ES256. */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return cborMap([
    [cborInteger(1), cborInteger(2)],
    [cborInteger(3), cborInteger(-7)],
    [cborInteger(-1), cborInteger(1)],
    [cborInteger(-2), cborBytes(Buffer.from(x, "base64url"))],
    [cborInteger(-3), cborBytes(Buffer.from(y, "base64url"))],
  ]);
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

/** RFC 8949 §3: a major type and its argument. */
function cborHead(major: number, argument: number): Buffer {
  const type = major << 5;
  if (argument < 24) return Buffer.from([type | argument]);
  if (argument < 256) return Buffer.from([type | 24, argument]);
  return Buffer.concat([Buffer.from([type | 25]), uint(argument, 2)]);
}

const cborInteger = (value: number) => (value < 0 ? cborHead(1, -1 - value) : cborHead(0, value));
const cborBytes = (bytes: Buffer) => Buffer.concat([cborHead(2, bytes.length), bytes]);
const cborText = (text: string) => Buffer.concat([cborHead(3, Buffer.byteLength(text)), Buffer.from(text)]);
const cborMap = (entries: readonly (readonly [Buffer, Buffer])[]) =>
  Buffer.concat([cborHead(5, entries.length), ...entries.flat()]);
