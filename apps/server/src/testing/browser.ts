import type { TestApi } from "./test-api.ts";

/** A browser without a window: it keeps cookies, and says truthfully where a request comes from. */
export interface TestBrowser {
  /** By name, without the ones that are over. */
  readonly cookies: Map<string, string>;
  /** A request of a page at `origin`; of Muster's own pages unless told. JSON where there is a body. */
  send(method: string, path: string, wish?: BrowserWish): Promise<BrowserAnswer>;
  signIn(name: string, password: string, more?: object): Promise<BrowserAnswer>;
}

export interface BrowserWish {
  readonly body?: unknown;
  readonly origin?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BrowserAnswer {
  readonly status: number;
  /** Of the problem; undefined where it went well. */
  readonly code: string | undefined;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export function createBrowser(api: Pick<TestApi, "url">, origin = api.url): TestBrowser {
  const cookies = new Map<string, string>();
  const send: TestBrowser["send"] = async (method, path, wish = {}) => {
    const own = wish.origin === undefined ? origin : wish.origin;
    const headers = new Headers(wish.headers);
    headers.set("cookie", Array.from(cookies, ([name, value]) => `${name}=${value}`).join("; "));
    if (own !== null) headers.set("origin", own);
    if (wish.body !== undefined) headers.set("content-type", "application/json");
    const response = await fetch(new URL(path, api.url), {
      method,
      headers,
      redirect: "manual",
      ...(wish.body !== undefined && { body: JSON.stringify(wish.body) }),
    });
    for (const line of response.headers.getSetCookie()) keep(cookies, line);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
    const code = response.ok ? undefined : body["code"];
    return {
      status: response.status,
      code: typeof code === "string" ? code : undefined,
      body,
      headers: response.headers,
    };
  };
  return {
    cookies,
    send,
    signIn: (name, password, more = {}) =>
      send("POST", "/api/v1/session/password", { body: { name, password, ...more } }),
  };
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = "", ...attributes] = line.split("; ");
  const at = pair.indexOf("=");
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
  if (value === "" || attributes.includes("Max-Age=0")) cookies.delete(name);
  else cookies.set(name, value);
}
