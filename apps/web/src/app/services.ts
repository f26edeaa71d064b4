import { createContext, use, useSyncExternalStore } from "react";
import type { Api } from "../api/api.ts";
import type { Live } from "../live/live.ts";
import type { Ticker } from "../live/ticker.ts";

/** What the pages reach the world through; made once, in main. */
export interface Services {
  readonly api: Api;
  readonly live: Live;
  readonly ticker: Ticker;
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = use(ServicesContext);
  if (services === null) throw new Error("A component that needs services is outside of their provider.");
  return services;
}

/** The time as of the last beat; the component is painted again at each. */
export function useNow(): number {
  const { ticker } = useServices();
  return useSyncExternalStore(ticker.subscribe, ticker.now);
}
