import { isIP } from "node:net";
import { MusterError } from "@muster/core";
import { Agent } from "undici";
import type { WebhookRequest, WebhookSender } from "../webhooks/ports.ts";
import { parseAllowList } from "./fetcher/allow-list.ts";
import { displayUrl } from "./fetcher/destination.ts";
import { guardedConnector } from "./fetcher/guarded-connector.ts";
import type { Network } from "./fetcher/network.ts";

/** Of one attempt, in milliseconds. */
const ATTEMPT_MS = 20_000;
const CONNECT_MS = 10_000;
/** Of an answer that is read, so that its connection ends well. */
const ANSWER_MAX_BYTES = 16_384;
/** What no receiver stands behind; the first also holds the metadata of cloud machines. */
const NEVER = ["linkLocal", "multicast", "broadcast", "unspecified", "unparsable"];

/**
 * Sends webhooks: to public addresses by https; to hosts that the administrator has listed (see `parseAllowList`) also to
 * private ones, and by http. No redirect is followed.
 */
export function createWebhookSender(network: Network, listedHosts: readonly string[]): WebhookSender {
  const isListedHost = parseAllowList(listedHosts);
  const parse = (text: string) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || !["https:", "http:"].includes(url.protocol)) throw forbidden(text, "is no web address");
    const isListed = isListedHost(url.hostname, portOf(url));
    if (url.protocol === "http:" && !isListed) throw forbidden(displayUrl(url), "is not https");
    if (url.username !== "" || url.password !== "") {
      throw forbidden(displayUrl(url), "holds a user name or password");
    }
    const refusalOf = isListed ? refusalOfListed(network) : network.refusalOf;
    // A literal address is never looked up, so the check in the look-up would not see it.
    const literal = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const refusal = isIP(literal) === 0 ? null : refusalOf(literal);
    if (refusal !== null) throw forbidden(displayUrl(url), `leads to an address that is ${refusal}`);
    return { url, network: { ...network, refusalOf } };
  };
  return {
    check: (url) => void parse(url),
    send: async (request) => {
      const destination = parse(request.url);
      const agent = new Agent({ connect: guardedConnector(destination.network, CONNECT_MS) });
      try {
        return await post(agent, destination.url, request);
      } catch (error) {
        request.signal.throwIfAborted();
        throw failure(error, destination.url);
      } finally {
        await agent.destroy();
      }
    },
  };
}

async function post(agent: Agent, url: URL, { headers, body, signal }: WebhookRequest): Promise<number> {
  const { statusCode, body: answer } = await agent.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: "POST",
    headers: { "user-agent": "muster", ...headers },
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
  });
  await answer.dump({ limit: ANSWER_MAX_BYTES });
  return statusCode;
}

function refusalOfListed({ refusalOf }: Network): Network["refusalOf"] {
  return (address) => {
    const range = refusalOf(address);
    return range !== null && NEVER.includes(range) ? range : null;
  };
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

function forbidden(url: string, problem: string): MusterError {
  return new MusterError("WEBHOOK_DESTINATION_FORBIDDEN", { url: url.slice(0, 256), problem });
}

function failure(error: unknown, url: URL): MusterError {
  if (error instanceof MusterError && error.code === "MIRROR_DESTINATION_FORBIDDEN") {
    return forbidden(displayUrl(url), String(error.details["problem"]));
  }
  const problem = error instanceof Error ? problemOf(error) : String(error);
  return new MusterError("WEBHOOK_DELIVERY_FAILED", { url: displayUrl(url), problem }, { cause: error });
}

function problemOf(error: Error): string {
  if (error.name === "TimeoutError") return `did not answer within ${ATTEMPT_MS} ms`;
  // A host with several addresses fails with one error for each and no message of its own.
  if (error instanceof AggregateError) return error.errors.map(String).join("; ");
  return error.message;
}
