import { Button } from "@mantine/core";
import type { RolloutVerb, RolloutView } from "@muster/protocol/http";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { storeRollout } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { counted } from "../format/number.ts";
import { Command } from "../ui/command.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { VERB_WORDS } from "./verb-words.ts";
import css from "./verb-dialog.module.css";

interface VerbDialogProps {
  readonly rollout: RolloutView;
  readonly verb: RolloutVerb;
  readonly onClose: () => void;
  readonly onDone: (words: string) => void;
}

/** Says what the verb does to the agents, asks, and shows only what the server answered. */
export function VerbDialog({ rollout, verb, onClose, onDone }: VerbDialogProps) {
  const { api } = useServices();
  const queries = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => api.act(rollout.id, verb),
    onSuccess: (answer) => {
      storeRollout(queries, answer);
      onDone(VERB_WORDS[verb].done);
      onClose();
    },
  });
  const { allowed, why } = rollout.verbs.find((each) => each.verb === verb) ?? { allowed: false, why: "" };
  const words = VERB_WORDS[verb];

  return (
    <Dialog title={allowed ? words.question : `${words.name} is not possible now`} onClose={onClose}>
      <div className={css["content"]}>
        <p>{why}</p>
        <p className={css["flight"]}>{inFlight(rollout)}</p>
        {error && <ProblemNotice error={error} what="It was not done" />}
        {allowed && <Command text={`muster rollout ${verb} ${rollout.id}`} />}
        <div className={css["buttons"]}>
          <Button variant="default" size="sm" onClick={onClose}>
            {allowed ? "Leave it as it is" : "Close"}
          </Button>
          {allowed && (
            <Button
              size="sm"
              {...(words.dangerous ? { color: "red" } : {})}
              loading={isPending}
              onClick={() => mutate()}
              data-autofocus
            >
              {words.confirm}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}

function inFlight({ counts: { inProgress } }: RolloutView): string {
  if (inProgress === 0) return "No agent is being updated at the moment.";
  return `${counted(inProgress, "agent")} ${inProgress === 1 ? "is" : "are"} being updated at the moment.`;
}
