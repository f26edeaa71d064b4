import { DEVICE_TTL_MS, SESSION_TTL_MS } from "@muster/fleet";
import type { FastifyReply, FastifyRequest } from "fastify";

/** A cookie that carries a secret of ours. */
export interface SecretCookie {
  read(request: FastifyRequest): string | null;
  write(reply: FastifyReply, secret: string): void;
  clear(reply: FastifyReply): void;
}

/** Carries a session's secret. */
export type SessionCookie = SecretCookie;

export interface Cookies {
  readonly session: SecretCookie;
  /** By which a browser is known in which somebody has signed in before. */
  readonly device: SecretCookie;
  /** Between the identity provider's page and ours: another site leads back here, so it cannot be strict. */
  readonly oidc: SecretCookie;
}

const SECRET = /^[A-Za-z0-9_-]{43}$/;
const OIDC_TTL_MS = 600_000;

/** `https`: the pages are reached by https, so that the cookies can be bound to it. */
export function createCookies(https: boolean): Cookies {
  return {
    session: createSecretCookie("muster_session", { https, ttlMs: SESSION_TTL_MS, sameSite: "strict" }),
    device: createSecretCookie("muster_device", { https, ttlMs: DEVICE_TTL_MS, sameSite: "strict" }),
    oidc: createSecretCookie("muster_oidc", { https, ttlMs: OIDC_TTL_MS, sameSite: "lax" }),
  };
}

interface CookieNature {
  readonly https: boolean;
  readonly ttlMs: number;
  readonly sameSite: "strict" | "lax";
}

function createSecretCookie(plainName: string, { https, ttlMs, sameSite }: CookieNature): SecretCookie {
  const name = https ? `__Host-${plainName}` : plainName;
  const options = { httpOnly: true, sameSite, secure: https, path: "/" } as const;
  return {
    read: (request) => {
      const value = request.cookies[name];
      return value !== undefined && SECRET.test(value) ? value : null;
    },
    write: (reply, secret) => {
      reply.setCookie(name, secret, { ...options, maxAge: ttlMs / 1000 });
    },
    clear: (reply) => {
      reply.clearCookie(name, options);
    },
  };
}
