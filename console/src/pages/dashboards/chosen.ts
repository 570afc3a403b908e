/** What is chosen for each variable: in the address, in the dashboard, or the first there is. */

import type { Variable } from "./model";
import { ALL } from "./variables";

/** `search`: the address's, with `var-name=value`, as Grafana has it. */
export function chosenFor(variable: Variable, search: URLSearchParams): readonly string[] {
  const asked = search.getAll(`var-${variable.name}`).map((each) => (each === "All" ? ALL : each));
  if (asked.length > 0) return asked;
  if (variable.kind === "constant" || variable.kind === "textbox")
    return [variable.chosen[0] ?? variable.query];
  const there = new Set(variable.choices.map((each) => each.value));
  const kept = variable.chosen.filter((each) => there.has(each) || (each === ALL && variable.all));
  if (kept.length > 0) return kept;
  return variable.all ? [ALL] : variable.choices.slice(0, 1).map((each) => each.value);
}
