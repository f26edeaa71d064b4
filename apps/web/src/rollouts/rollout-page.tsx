import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { RolloutView } from "@muster/protocol/http";
import { useState } from "react";
import { isNotFound } from "../api/problem.ts";
import { rolloutQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { Card } from "../ui/card.tsx";
import { CopyCommand } from "../ui/copy-command.tsx";
import { Loading } from "../ui/loading.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { StateBadge } from "../ui/state-badge.tsx";
import { ROLLOUT_LOOK } from "../ui/states.ts";
import css from "./rollout-page.module.css";
import { targetsCommand } from "./commands.ts";
import { RolloutFacts } from "./rollout-facts.tsx";
import { RolloutProgress } from "./rollout-progress.tsx";
import { TargetTable } from "./target-table.tsx";
import { VerbBar } from "./verb-bar.tsx";
import { WaveTable } from "./wave-table.tsx";
import { reasonWords } from "./words.ts";

const route = getRouteApi("/signed-in/rollouts/$rolloutId");

/** One rollout, as it happens. */
export function RolloutPage() {
  const { api } = useServices();
  const { rolloutId } = route.useParams();
  const { data: rollout, error, refetch } = useQuery(rolloutQuery(api, rolloutId));
  if (rollout) return <Rollout rollout={rollout} />;
  return (
    <>
      <PageHeader title={`Rollout ${rolloutId}`} documentTitle="Rollout" above={<Up />} />
      {error ? (
        <ProblemNotice
          error={error}
          what={isNotFound(error) ? `There is no rollout ${rolloutId}` : "The rollout could not be read"}
          {...(isNotFound(error) ? {} : { onRetry: () => void refetch() })}
        />
      ) : (
        <Card title="Progress">
          <Loading what="the rollout" rows={6} />
        </Card>
      )}
    </>
  );
}

function Up() {
  return (
    <Link to="/rollouts" activeOptions={{ exact: true }}>
      Rollouts
    </Link>
  );
}

function Rollout({ rollout }: { readonly rollout: RolloutView }) {
  const search = route.useSearch();
  const [announced, setAnnounced] = useState("");
  const { product, version } = rollout.spec;
  const look = ROLLOUT_LOOK[rollout.state];
  return (
    <>
      <PageHeader
        documentTitle={`${look.word}: ${product} ${version}`}
        above={
          <>
            <Up /> / <code>{rollout.id}</code>
          </>
        }
        title={
          <>
            {product} <span className={css["version"]}>{version}</span>
          </>
        }
        beside={<StateBadge look={look} pill />}
        actions={<VerbBar rollout={rollout} onDone={setAnnounced} />}
      />
      <output className="visually-hidden">{announced}</output>
      <div className={css["page"]}>
        <Why rollout={rollout} />
        <div className={css["top"]}>
          <RolloutProgress rollout={rollout} />
          <RolloutFacts rollout={rollout} />
        </div>
        <Card title="Waves" flush>
          <WaveTable rollout={rollout} search={search} />
        </Card>
        <div id="targets" className={css["targets"]}>
          <Card title="Targets" aside={<CopyCommand text={targetsCommand(rollout.id, search)} />} flush>
            <TargetTable rollout={rollout} search={search} />
          </Card>
        </div>
      </div>
    </>
  );
}

/** Why it is not moving, where that is not obvious from the word of its state. */
function Why({ rollout: { state, reason, touchedAtHalt, counts } }: { readonly rollout: RolloutView }) {
  const look = ROLLOUT_LOOK[state];
  const words = reasonWords(reason);
  if (look.tone !== "warn" && look.tone !== "bad" && look.tone !== "returned") return null;
  return (
    <output className={css["why"]} data-tone={look.tone}>
      <span>
        <strong>{look.word}</strong>
        {words !== null && <>: {words}.</>}
      </span>
      {touchedAtHalt !== null && (
        <span className={css["touched"]}>
          {touchedAtHalt.toLocaleString("en")} of {counts.planned.toLocaleString("en")} hosts had been touched
          when it halted.
        </span>
      )}
    </output>
  );
}
