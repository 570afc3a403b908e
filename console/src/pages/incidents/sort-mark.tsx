/** An icon for each sort of entry; the word stands beside it. */

import type { Sort } from "./entry-words";

const PATHS: Record<Sort, string> = {
  alert:
    "M8 1.5c-2.6 0-4 2-4 4.5v3L2.5 11.500h11L12 9V6c0-2.500-1.400-4.500-4-4.500zM6.500 12.500a1.500 1.500 0 0 0 3 0z",
  notice: "M1.500 3.500h13v9h-13zM3 5l5 3.800L13 5v-.3L8 8.200 3 4.700z",
  acknowledgement:
    "M8 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM2.500 14c0-3 2.500-4.500 5.500-4.500s5.500 1.500 5.500 4.500z",
  step: "M4 2.500l9 5.500-9 5.500z",
  verification:
    "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.500 8.200l1.200-1.200 1.700 1.700 3.400-3.600 1.200 1.200-4.600 4.900z",
  remark: "M2 2.500h12v8.500H8l-3.500 3V11H2z",
  trouble: "M8 1 .5 14.500h15zM7.200 6h1.600v4.400H7.200zm0 5.600h1.600v1.600H7.200z",
  waiting: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm-.8 2.600h1.600v4.100l3 1.800-.8 1.300-3.800-2.300z",
  course: "M3 1.500h1.600V3H13l-2 3 2 3H4.600v5.500H3z",
};

export function SortMark({ sort }: { sort: Sort }) {
  return (
    <svg class="sort-mark" viewBox="0 0 16 16" aria-hidden="true">
      <path fill="currentColor" fill-rule="evenodd" d={PATHS[sort]} />
    </svg>
  );
}
