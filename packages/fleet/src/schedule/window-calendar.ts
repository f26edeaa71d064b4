import type { Freeze, Hours, MaintenanceWindow } from "@muster/core";
import { RRuleTemporal } from "rrule-temporal";

/** Whether windows are open at a moment, and when that may be otherwise. */
export interface HoursAt {
  /** In a host's time zone. */
  of(hostZone: string): Hours;
  /**
   * The earliest change for any of the zones asked for so far, milliseconds since 1970; null: never. Ask it after all of
   * them were.
   */
  nextChange(): number | null;
}

/** A zone's hours until they change. */
interface Spell {
  readonly open: boolean;
  readonly from: number;
  readonly until: number;
}

/** The hours of windows in time zones; what was worked out is kept until it changes. */
export interface WindowCalendar {
  at(now: number, windows: readonly MaintenanceWindow[], freezes: readonly Freeze[]): HoursAt;
}

/** A Monday: every second week is counted from it, for all zones. */
const EPOCH = "20200106T000000";
/** Zones and rules whose spells are kept; there are about 400 zones. */
const SPELLS_MAX = 10_000;

/** The hours of what waits for nothing. */
export const ANY_TIME: HoursAt = { of: () => "open", nextChange: () => null };

/** A calendar that keeps what it has worked out: a fleet asks for the same few windows again and again. */
export function createWindowCalendar(): WindowCalendar {
  const spells = new Map<string, Spell>();
  const spellOf = (window: MaintenanceWindow, zone: string, now: number): Spell => {
    const key = `${window.rule} ${window.durationMs} ${zone}`;
    const known = spells.get(key);
    if (known && known.from <= now && now < known.until) return known;
    const spell = spellAt(window, zone, now);
    if (spells.size >= SPELLS_MAX) spells.clear();
    spells.set(key, spell);
    return spell;
  };
  return {
    at: (now, windows, freezes) => {
      const changes = freezes.flatMap(({ from, until }) => [from, until]).filter((at) => at > now);
      const isFrozen = freezes.some(({ from, until }) => from <= now && now < until);
      const inZone = new Map<string, Hours>();
      const work = (hostZone: string): Hours => {
        const inZones = windows.map((window) =>
          spellOf(window, window.timeZone === "host" ? hostZone : window.timeZone, now),
        );
        changes.push(...inZones.map(({ until }) => until));
        if (isFrozen) return "frozen";
        return windows.length === 0 || inZones.some(({ open }) => open) ? "open" : "outside_window";
      };
      return {
        of: (hostZone) => {
          const hours = inZone.get(hostZone) ?? work(hostZone);
          inZone.set(hostZone, hours);
          return hours;
        },
        nextChange: () => {
          const next = changes.reduce((a, b) => Math.min(a, b), Infinity);
          return Number.isFinite(next) ? next : null;
        },
      };
    },
  };
}

function spellAt({ rule, durationMs }: MaintenanceWindow, zone: string, now: number): Spell {
  const occurrences = new RRuleTemporal({
    rruleString: `DTSTART;TZID=${zone}:${EPOCH}\nRRULE:${rule};BYSECOND=0`,
  });
  const opened = occurrences.previous(new Date(now), true)?.epochMilliseconds ?? -Infinity;
  const opens = occurrences.next(new Date(now), false)?.epochMilliseconds ?? Infinity;
  const closes = opened + durationMs;
  // One that opens again before it has closed stays open; that is seen when it would have closed.
  return now < closes
    ? { open: true, from: opened, until: closes }
    : { open: false, from: closes, until: opens };
}
