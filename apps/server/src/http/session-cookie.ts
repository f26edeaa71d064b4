import type { FastifyReply, FastifyRequest } from "fastify";
import { SESSION_TTL_MS } from "../access/sessions.ts";

/** The cookie that carries a session's secret. */
export interface SessionCookie {
  read(request: FastifyRequest): string | null;
  write(reply: FastifyReply, secret: string): void;
  clear(reply: FastifyReply): void;
}

const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** `https`: the pages are reached by https, so that the cookie can be bound to it. */
export function createSessionCookie(https: boolean): SessionCookie {
  const name = https ? "__Host-muster_session" : "muster_session";
  const options = { httpOnly: true, sameSite: "strict", secure: https, path: "/" } as const;
  return {
    read: (request) => {
      const value = request.cookies[name];
      return value !== undefined && SECRET.test(value) ? value : null;
    },
    write: (reply, secret) => {
      reply.setCookie(name, secret, { ...options, maxAge: SESSION_TTL_MS / 1000 });
    },
    clear: (reply) => {
      reply.clearCookie(name, options);
    },
  };
}
