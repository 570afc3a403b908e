/** Series as rows of a heatmap. */

import { formatted } from "../../../parts/units";
import type { Found } from "../panel-data";

export interface HeatRow {
  name: string;
  values: readonly (number | null)[];
}

/** The rows from the bottom to the top. Buckets of a histogram (`le`) count what is below them:
 * each row is what lies between two. */
export function heatRows(found: readonly Found[]): HeatRow[] {
  if (!found.every((each) => bound(each) !== null)) {
    return found.map(({ name, values }) => ({ name, values }));
  }
  const ordered = [...found].sort((a, b) => bound(a)! - bound(b)!);
  return ordered.map((each, index) => {
    const below = ordered[index - 1];
    const values = each.values.map((value, at) => {
      const less = below?.values[at] ?? 0;
      return value === null ? null : Math.max(0, value - less);
    });
    return { name: `≤ ${named(each)}`, values };
  });
}

function bound({ labels }: Found): number | null {
  const le = labels["le"];
  if (le === undefined) return null;
  return le === "+Inf" ? Infinity : Number(le);
}

function named(each: Found): string {
  return formatted(bound(each), each.look.unit);
}
