import type { HealthReport, HostLayout } from "@muster/core";
import { READABLE_FILE, replaceFile } from "./files.ts";

/** Replaces `run/health.json` whole. It need not survive a power cut: it counts only for this boot. */
export async function writeHealth({ health }: HostLayout, report: HealthReport): Promise<void> {
  await replaceFile(health, JSON.stringify(report), { mode: READABLE_FILE, durable: false });
}
