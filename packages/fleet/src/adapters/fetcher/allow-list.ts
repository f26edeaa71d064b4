import { MusterError } from "@muster/core";

/** Whether a host and port may be fetched from. */
export type AllowList = (host: string, port: number) => boolean;

const HTTPS_PORT = 443;
const ENTRY = /^(?<any>\*$|\*:)?(?<below>\*\.)?(?<host>.*)$/;

/**
 * Reads the hosts of a setting: `releases.example.com`, `*.example.com` (what is below it, not itself), `host:8443`, or
 * `*` for every public host. Without a port an entry means 443. An empty list allows nothing. Throws
 * `SERVER_CONFIG_INVALID`.
 */
export function parseAllowList(entries: readonly string[], setting = "mirror-allow"): AllowList {
  const rules = entries.map((entry) => parseEntry(entry, setting));
  return (host, port) => rules.some((rule) => rule(host.toLowerCase(), port));
}

function parseEntry(entry: string, setting: string): AllowList {
  const { any, below, host = "" } = ENTRY.exec(entry.trim())?.groups ?? {};
  if (any !== undefined) {
    const port = any === "*" ? HTTPS_PORT : portOf(host, () => invalid(entry, setting));
    return (_host, asked) => asked === port;
  }
  const address = urlOf(host, () => invalid(entry, setting));
  const allowedPort = address.port === "" ? HTTPS_PORT : Number(address.port);
  return (asked, port) =>
    port === allowedPort &&
    (below === undefined ? asked === address.hostname : asked.endsWith(`.${address.hostname}`));
}

/** Host and port as the URL standard reads them: lower case, punycode, one spelling of each address. */
function urlOf(host: string, refusal: () => MusterError): URL {
  const text = `https://${host}`;
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (!address || host === "" || /[\s/?#@*\\]/.test(host)) throw refusal();
  return address;
}

function portOf(text: string, refusal: () => MusterError): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port < 1 || port > 65_535) throw refusal();
  return port;
}

function invalid(entry: string, setting: string): MusterError {
  const problem = "must be a host such as releases.example.com, *.example.com, host:8443, or * for any";
  return new MusterError("SERVER_CONFIG_INVALID", {
    setting,
    value: entry.slice(0, 128),
    problem,
  });
}
