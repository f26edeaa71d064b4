import type { Dispatcher, DispatcherPorts } from "./dispatcher.ts";

/** What webhooks work with. */
export interface WebhookPorts extends DispatcherPorts {
  readonly dispatcher: Dispatcher;
}
