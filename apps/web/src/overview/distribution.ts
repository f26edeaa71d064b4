import type { OverviewView } from "@muster/protocol/http";
import { newestFirst } from "../format/version-order.ts";

export interface VersionShare {
  readonly version: string | null;
  readonly count: number;
}

/** The versions of one product, the newest first. */
export interface ProductVersions {
  readonly product: string;
  readonly total: number;
  readonly versions: readonly VersionShare[];
}

/** The overview's versions by product, the product with most agents first. */
export function distributionOf({ versions }: OverviewView): ProductVersions[] {
  const products = Map.groupBy(versions, ({ product }) => product);
  return [...products]
    .map(([product, shares]) => ({
      product,
      total: shares.reduce((sum, { count }) => sum + count, 0),
      versions: shares
        .map(({ version, count }) => ({ version, count }))
        .toSorted((a, b) => newestFirst(a.version, b.version)),
    }))
    .toSorted((a, b) => b.total - a.total || a.product.localeCompare(b.product));
}

/** How many shades there are for known versions; the oldest ones share the last. */
export const SHADES = 6;

/** The shade of a version by its place from the newest; an unknown one has its own. */
export function shadeOf({ version }: VersionShare, index: number): string {
  return version === null ? "unknown" : String(Math.min(index, SHADES - 1));
}
