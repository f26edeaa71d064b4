import { Button, Tooltip } from "@mantine/core";
import type { RolloutVerb, RolloutView } from "@muster/protocol/http";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { sessionQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { isAllowed, rolloutResource } from "../session/allowed.ts";
import { VERB_WORDS } from "./verb-words.ts";

const VerbDialog = lazy(async () => ({ default: (await import("./verb-dialog.tsx")).VerbDialog }));

interface VerbBarProps {
  readonly rollout: RolloutView;
  /** Told in words when the server has done one. */
  readonly onDone: (words: string) => void;
}

/** What can be done with the rollout. One that cannot be done now stays reachable and says why. */
export function VerbBar({ rollout, onDone }: VerbBarProps) {
  const [chosen, setChosen] = useState<RolloutVerb | null>(null);
  const verbs = useVerbs(rollout);
  return (
    <>
      {verbs.map(({ verb, allowed, why }) => (
        <Tooltip
          key={verb}
          label={why}
          multiline
          maw={300}
          openDelay={200}
          events={{ hover: true, focus: true, touch: false }}
        >
          <Button
            size="xs"
            variant={allowed && (verb === "approve" || verb === "resume") ? "filled" : "default"}
            aria-disabled={!allowed || undefined}
            {...(allowed ? {} : { "data-disabled": true })}
            onClick={() => setChosen(verb)}
          >
            {VERB_WORDS[verb].name}
          </Button>
        </Tooltip>
      ))}
      {chosen && (
        <Suspense fallback={null}>
          <VerbDialog
            rollout={{ ...rollout, verbs }}
            verb={chosen}
            onClose={() => setChosen(null)}
            onDone={onDone}
          />
        </Suspense>
      )}
    </>
  );
}

/** The rollout's verbs, as far as the role of who is signed in allows them; the server decides all the same. */
function useVerbs(rollout: RolloutView): RolloutView["verbs"] {
  const { verbs } = rollout;
  const { api } = useServices();
  const { data: session } = useQuery(sessionQuery(api));
  if (session === undefined || isAllowed(session, "rollouts.manage", rolloutResource(rollout))) return verbs;
  return verbs.map(({ verb }) => ({ verb, allowed: false, why: "Your role does not allow it." }));
}
