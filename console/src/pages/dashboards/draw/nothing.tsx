/** That a panel's questions found no series: no number is better than a wrong one. */

import type { Look } from "../model";

export function Nothing({ look }: { look: Look }) {
  return <p class="panel-nothing faint">{look.noValue || "No series matches."}</p>;
}
