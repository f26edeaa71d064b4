import type { RolloutView, TargetView, WaveView } from "@muster/protocol/http";
import { partWidths } from "../terminal/bar.ts";
import { formatDuration } from "../terminal/format.ts";
import type { Output } from "../terminal/terminal.ts";
import { line, plain, type Segment } from "../terminal/text.ts";
import { rolloutStyle, stateText, waveStyle } from "./rollout-text.ts";
import { reasonText, targetMessage, targetStyle } from "./target-text.ts";
import type { Watched } from "./watch-rollout.ts";

const BAR_WIDTH = 28;
/** Targets under way that are shown one by one. */
const TARGETS_SHOWN = 6;
/** Waves that are shown one by one; of more, those around the open one. */
const WAVES_SHOWN = 12;

/** The lines that a live watch shows, each fitting into the terminal. */
export function watchFrame(output: Output, { rollout, targets }: Watched, now: number): readonly string[] {
  const draw = (segments: readonly Segment[]) => line(output, segments, output.columns - 1);
  const elapsed = formatDuration((rollout.endedAt ?? now) - rollout.createdAt);
  const reason = reasonText(rollout.reason);
  const under = [...targets.values()].filter(isUnderWay);
  return [
    draw([
      [`${rollout.spec.product} ${rollout.spec.version}`, "bold"],
      ["  "],
      [stateText(rollout), rolloutStyle(rollout)],
      [`  ${rollout.touched} touched  ${elapsed}`, "dim"],
    ]),
    draw([[reason === null ? " " : `  ${reason}`, "dim"]]),
    ...wavesToShow(rollout).map((wave) => draw(waveSegments(wave, rollout, now))),
    ...under.slice(0, TARGETS_SHOWN).map((target) => draw(targetSegments(target))),
    ...(under.length > TARGETS_SHOWN
      ? [draw([[`  and ${under.length - TARGETS_SHOWN} more under way`, "dim"]])]
      : []),
  ];
}

/** One line that says how a rollout stands, for a log. */
export function watchLine({ id, state, pauseCause, counts, reason, waves }: RolloutView): string {
  const open = waves.find((wave) => wave.state === "open" || wave.state === "settling");
  const place = open === undefined ? "" : `, wave ${open.index + 1} of ${waves.length} ${open.state}`;
  const why = reasonText(reason);
  return `${id} ${stateText({ state, pauseCause })}${place}: ${countText(counts)}${why === null ? "" : ` (${why})`}`;
}

function isUnderWay({ state }: TargetView): boolean {
  return ["dispatched", "downloading", "verifying", "staging", "restarting"].includes(state);
}

function wavesToShow({ waves }: RolloutView): readonly WaveView[] {
  const present = waves.findIndex(({ state }) => state !== "passed");
  const first = Math.max(0, Math.min(present < 0 ? waves.length : present, waves.length - WAVES_SHOWN));
  return waves.slice(first, first + WAVES_SHOWN);
}

function waveSegments(wave: WaveView, { waves }: RolloutView, now: number): readonly Segment[] {
  const { counts, index, settlesAt, state } = wave;
  const failed = counts.failed + counts.rolledBack;
  const widths = partWidths([counts.healthy, failed, counts.inProgress], counts.planned, BAR_WIDTH);
  const [healthy = 0, broken = 0, moving = 0] = widths;
  const left = settlesAt === null || state !== "settling" ? "" : ` for ${formatDuration(settlesAt - now)}`;
  return [
    [`  wave ${String(index + 1).padStart(String(waves.length).length)} `],
    ["█".repeat(healthy), "green"],
    ["█".repeat(broken), "red"],
    ["▒".repeat(moving), "cyan"],
    ["·".repeat(BAR_WIDTH - healthy - broken - moving), "dim"],
    [` ${state}${left}`.padEnd(10), waveStyle(wave)],
    [` ${countText(counts)}`],
  ];
}

function countText(counts: WaveView["counts"]): string {
  const others = [
    [counts.inProgress, "under way"],
    [counts.failed, "failed"],
    [counts.rolledBack, "rolled back"],
    [counts.silent, "silent"],
    [counts.canceled, "canceled"],
  ] as const;
  const parts = others.filter(([count]) => count > 0).map(([count, what]) => `, ${count} ${what}`);
  return `${counts.healthy} of ${counts.planned} healthy${parts.join("")}`;
}

function targetSegments(target: TargetView): readonly Segment[] {
  const message = targetMessage(target);
  return [
    [`    ${plain(target.hostname).slice(0, 24).padEnd(24)} `, "dim"],
    [target.state.padEnd(12), targetStyle(target)],
    [message === null ? "" : ` ${plain(message)}`, "dim"],
  ];
}
