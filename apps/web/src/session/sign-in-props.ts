import type { SessionView } from "@muster/protocol/http";

/** Of every way to sign in. */
export interface SignInProps {
  readonly onDone: (session: SessionView) => void;
}
