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
export function parseAllowList(entries: readonly string[]): AllowList {
  const rules = entries.map(parseEntry);
  return (host, port) => rules.some((rule) => rule(host.toLowerCase(), port));
}

function parseEntry(entry: string): AllowList {
  const { any, below, host = "" } = ENTRY.exec(entry.trim())?.groups ?? {};
  if (any !== undefined) {
    const port = any === "*" ? HTTPS_PORT : portOf(entry, host);
    return (_host, asked) => asked === port;
  }
  const address = urlOf(entry, host);
  const allowedPort = address.port === "" ? HTTPS_PORT : Number(address.port);
  return (asked, port) =>
    port === allowedPort &&
    (below === undefined ? asked === address.hostname : asked.endsWith(`.${address.hostname}`));
}

/** Host and port as the URL standard reads them: lower case, punycode, one spelling of each address. */
function urlOf(entry: string, host: string): URL {
  const text = `https://${host}`;
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (!address || host === "" || /[\s/?#@*\\]/.test(host)) throw invalid(entry);
  return address;
}

function portOf(entry: string, text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port < 1 || port > 65_535) throw invalid(entry);
  return port;
}

function invalid(entry: string): MusterError {
  const problem = "must be a host such as releases.example.com, *.example.com, host:8443, or * for any";
  return new MusterError("SERVER_CONFIG_INVALID", {
    setting: "mirror-allow",
    value: entry.slice(0, 128),
    problem,
  });
}
