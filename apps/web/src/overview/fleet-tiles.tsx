import type { OverviewView } from "@muster/protocol/http";
import { Link } from "@tanstack/react-router";
import type { AgentSearch } from "../agents/search.ts";
import { count, percent } from "../format/number.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import type { Tone } from "../ui/states.ts";
import css from "./fleet-tiles.module.css";

interface Tile {
  readonly word: string;
  readonly icon: IconName;
  /** Its colour while there is anything to see. */
  readonly tone: Tone;
  readonly value: number;
  readonly search: AgentSearch;
  readonly hint: string;
}

/** The numbers that decide what to look at first; each leads to exactly the agents it counts. */
export function FleetTiles({ overview }: { readonly overview: OverviewView }) {
  return (
    <ul className={css["tiles"]}>
      {tilesOf(overview).map(({ word, icon, tone, value, search, hint }) => (
        <li key={word}>
          <Link to="/agents" search={search} className={css["tile"]} data-tone={value > 0 ? tone : "neutral"}>
            <span className={css["word"]}>
              <Icon name={icon} size={14} />
              {word}
            </span>
            <span className={css["value"]}>{count(value)}</span>
            <span className={css["hint"]}>{hint}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function tilesOf({ agents, online, offline, failed, stuck, unknownVersion }: OverviewView): Tile[] {
  const share = (value: number) => `${percent(value, agents) ?? 0} % of the fleet`;
  return [
    { word: "Agents", icon: "agents", tone: "neutral", value: agents, search: {}, hint: "enrolled" },
    {
      word: "Online",
      icon: "online",
      tone: "good",
      value: online,
      search: { q: "is:online" },
      hint: share(online),
    },
    {
      word: "Offline",
      icon: "offline",
      tone: "neutral",
      value: offline,
      search: { q: "is:offline", sort: "lastSeenAt" },
      hint: share(offline),
    },
    {
      word: "Failed",
      icon: "failed",
      tone: "bad",
      value: failed,
      search: { q: "is:failed" },
      hint: "in their last update",
    },
    {
      word: "Stuck",
      icon: "stuck",
      tone: "warn",
      value: stuck,
      search: { q: "is:stuck" },
      hint: "silent in an update",
    },
    {
      word: "Unknown version",
      icon: "unknown",
      tone: "warn",
      value: unknownVersion,
      search: { q: "version:unknown" },
      hint: "none reported yet",
    },
  ];
}
