import { CloseButton, Kbd, TextInput } from "@mantine/core";
import { type KeyboardEvent, useEffect, useState } from "react";
import { Icon } from "../ui/icon.tsx";
import css from "./filter-box.module.css";
import { FILTER_WORDS, hasTerm, toggleTerm } from "./filter.ts";

interface FilterBoxProps {
  /** The filter that is in force. */
  readonly line: string;
  readonly problems: readonly string[];
  readonly onChange: (line: string) => void;
}

/** How long after the last key the filter is applied, in milliseconds. */
const TYPING_PAUSE_MS = 250;

const QUICK = ["is:online", "is:offline", "is:failed", "is:stuck", "version:unknown"] as const;

/** The filter line: applied while typing, cleared with Esc, in the address for a colleague. */
export function FilterBox({ line, problems, onChange }: FilterBoxProps) {
  const [typed, setTyped] = useState({ over: line, text: line });
  // The address changes from outside too, by a click on a cell or the way back, and then wins. A space at the end of
  // what is being typed is no change.
  const draft = typed.over === line || typed.text.trim() === line ? typed.text : line;
  const setDraft = (text: string) => setTyped({ over: line, text });
  useEffect(() => {
    const next = draft.trim();
    if (next === line) return undefined;
    const timer = setTimeout(() => onChange(next), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft, line, onChange]);

  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") onChange(draft.trim());
    if (event.key !== "Escape") return;
    if (draft === "") event.currentTarget.blur();
    setDraft("");
  };

  return (
    <search className={css["filter"]}>
      <TextInput
        data-filter
        aria-label="Filter agents"
        placeholder="host, version:1.2.0, is:offline, env=production …"
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={press}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        leftSection={<Icon name="search" size={15} />}
        rightSection={
          draft === "" ? (
            <Kbd size="xs" aria-hidden="true">
              /
            </Kbd>
          ) : (
            <CloseButton size="sm" aria-label="Clear the filter" onClick={() => onChange("")} />
          )
        }
        error={problems.length > 0 ? `${problems.join("; ")}.` : null}
      />
      <div className={css["quick"]}>
        {QUICK.map((term) => (
          <button
            key={term}
            type="button"
            className={css["chip"]}
            aria-pressed={hasTerm(line, term)}
            onClick={() => onChange(toggleTerm(line, term))}
          >
            {term}
          </button>
        ))}
        <details className={css["help"]}>
          <summary>What can be written here</summary>
          <dl>
            {FILTER_WORDS.map(([example, meaning]) => (
              <div key={example}>
                <dt>
                  <code>{example}</code>
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
    </search>
  );
}
