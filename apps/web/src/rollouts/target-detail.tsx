import { ERROR_REGISTRY, isErrorCode } from "@muster/core";
import type { TargetView } from "@muster/protocol/http";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, count } from "../format/number.ts";
import { absoluteTime, fineDuration } from "../format/time.ts";
import { Version } from "../ui/version.tsx";
import css from "./target-detail.module.css";

/** All that is known of one target. */
export function TargetDetail({ target }: { readonly target: TargetView }) {
  return (
    <div className={css["detail"]}>
      {target.code !== null && <Failure code={target.code} message={target.message} />}
      <dl className={css["facts"]}>
        <Fact name="Agent">
          <Link to="/agents/$agentId" params={{ agentId: target.agentId }}>
            <code>{target.agentId}</code>
          </Link>
        </Fact>
        {target.survivingVersion !== null && (
          <Fact name="Runs now">
            <Version version={target.survivingVersion} />
          </Fact>
        )}
        {target.downtimeMs !== null && <Fact name="Downtime">{fineDuration(target.downtimeMs)}</Fact>}
        {target.receivedBytes !== null && target.totalBytes !== null && (
          <Fact name="Received">
            {bytes(target.receivedBytes)} of {bytes(target.totalBytes)}
          </Fact>
        )}
        <Fact name="Attempt">{count(target.attempt)}</Fact>
        {target.purpose === "return" && <Fact name="Purpose">back to its version before</Fact>}
        <Fact name="Last report">{absoluteTime(target.progressAt)}</Fact>
      </dl>
      {target.outputTail !== null && target.outputTail !== "" && (
        <figure className={css["output"]}>
          <figcaption>The last it printed</figcaption>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls has to be reachable by keyboard (WCAG 2.1.1) */}
          <pre tabIndex={0}>{target.outputTail.trimEnd()}</pre>
        </figure>
      )}
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Failure({ code, message }: { readonly code: string; readonly message: string | null }) {
  return (
    <div className={css["failure"]}>
      <p className={css["code"]}>
        <code>{code}</code>
      </p>
      {message !== null && <p>{message}</p>}
      {isErrorCode(code) && <p className={css["help"]}>{ERROR_REGISTRY[code].help}</p>}
    </div>
  );
}
