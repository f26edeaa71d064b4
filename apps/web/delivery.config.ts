import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

interface DeliveryOptions {
  /** Most that the entry and all it imports at once may weigh, gzipped. */
  readonly entryBudgetBytes: number;
}

type OutputFile = Parameters<Extract<Plugin["generateBundle"], (...args: never) => unknown>>[1][string];
type Bundle = Readonly<Record<string, OutputFile>>;

/** Text that browsers are worth compressing for; fonts are compressed already. */
const COMPRESSED = /\.(?:js|css|html|svg)$/;

/**
 * Addresses that stand in the code of libraries and are never fetched: names of XML namespaces, and links in the text
 * of errors.
 */
const NEVER_FETCHED = [
  /^http:\/\/www\.w3\.org\//,
  /^https:\/\/react\.dev\/errors\//,
  /^https:\/\/mantine\.dev\//,
];

/** Needed where values are checked, not where they are shown: only its types may come in. */
const NOT_FOR_BROWSERS = /node_modules\/zod\//;

/** Refuses a build that is too heavy or reaches outside, and lays a .br and a .gz beside each file. */
export function checkedDelivery({ entryBudgetBytes }: DeliveryOptions): Plugin {
  return {
    name: "muster-delivery",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const bytes = entryBytes(bundle);
        const message = `the entry weighs ${bytes} bytes of gzipped JavaScript, of ${entryBudgetBytes} allowed`;
        if (bytes > entryBudgetBytes) this.error(message);
        this.info(message);
        const unwanted = Object.values(bundle).flatMap((file) =>
          file.type === "chunk" ? file.moduleIds.filter((id) => NOT_FOR_BROWSERS.test(id)) : [],
        );
        if (unwanted.length > 0) this.error(`the build contains ${unwanted[0]}`);
        const remote = remoteAddresses(bundle);
        if (remote.length > 0) this.error(`the build refers to other servers:\n${remote.join("\n")}`);
        for (const file of Object.values(bundle)) {
          if (!COMPRESSED.test(file.fileName)) continue;
          const content = Buffer.from(file.type === "chunk" ? file.code : file.source);
          this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source: gzip(content) });
          this.emitFile({ type: "asset", fileName: `${file.fileName}.br`, source: brotli(content) });
        }
      },
    },
  };
}

/** What a browser has to fetch and run before anything is seen. */
function entryBytes(bundle: Bundle): number {
  const wanted = Object.values(bundle).flatMap((file) => (isEntry(file) ? [file.fileName] : []));
  const reached = new Set<string>();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const file = bundle[name];
    if (reached.has(name) || file?.type !== "chunk") continue;
    reached.add(name);
    wanted.push(...file.imports);
  }
  return [...reached].reduce((sum, name) => {
    const file = bundle[name];
    return sum + (file?.type === "chunk" ? gzip(Buffer.from(file.code)).length : 0);
  }, 0);
}

const isEntry = (file: OutputFile) => file.type === "chunk" && file.isEntry;

function remoteAddresses(bundle: Bundle): string[] {
  return Object.values(bundle).flatMap((file) => {
    if (!COMPRESSED.test(file.fileName)) return [];
    const text = file.type === "chunk" ? file.code : Buffer.from(file.source).toString();
    const found = text.match(/(?:https?:)?\/\/[a-z0-9][a-z0-9.-]*\.[a-z]{2,}[^\s"'`)\\]*/gi) ?? [];
    return found
      .filter((address) => !NEVER_FETCHED.some((known) => known.test(address)))
      .map((address) => `${file.fileName}: ${address}`);
  });
}

const gzip = (content: Buffer) => gzipSync(content, { level: 9 });
const brotli = (content: Buffer) =>
  brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } });
