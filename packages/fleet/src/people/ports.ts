import type { Actor } from "./actor.ts";

/** Turns passwords into what can be kept. Slow on purpose; work that cannot be done in time is `SERVER_OVERLOADED`. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** Whether the password is the one that the hash was made of. A hash that is none is not. */
  verify(password: string, hash: string): Promise<boolean>;
  /** Whether the hash was made with less work than is asked for today. */
  isOutdated(hash: string): boolean;
}

/** Where the request came from that something is done for. */
export interface Place {
  /** The peer's IP address. */
  readonly address: string;
  readonly userAgent: string;
}

/** Who asks, by which credentials, from where. */
export interface Caller {
  readonly actor: Actor;
  readonly credential: Credential;
  readonly place: Place;
}

/** What somebody has proved to be somebody with. */
export interface Credential {
  readonly kind: "session" | "token";
  /** Of the session or the API token. */
  readonly id: string;
  /** The API token that it is, or that the session stands on. */
  readonly tokenId: string | null;
  /** When a person proved it; null: a program's token. */
  readonly provedAt: number | null;
  /** When it is worth nothing any more; null: never. */
  readonly expiresAt: number | null;
}

/** Credentials that were found good, and whose they are. */
export interface Authenticated {
  readonly actor: Actor;
  readonly credential: Credential;
}
