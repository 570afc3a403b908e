/** What may be chosen for a variable. */

import { labelNames, labelValues, query } from "../../api/prometheus";
import { writtenLabels } from "../../parts/labels";
import type { Choice, Variable } from "./model";
import { shaped, sorted } from "./variable-query";
import { inExpression, type Scope } from "./variables";

/** `scope` holds what was chosen for the variables before it. Throws Problem. */
export async function choicesFor(variable: Variable, scope: Scope): Promise<readonly Choice[]> {
  if (variable.kind !== "query") return variable.choices;
  const found = await answers(inExpression(variable.query, scope).trim());
  return sorted(shaped(found, inExpression(variable.pattern, scope)), variable.sort);
}

async function answers(text: string): Promise<string[]> {
  const call = /^(\w+)\s*\(([\s\S]*)\)$/.exec(text);
  const within = call?.[2]?.trim() ?? "";
  switch (call?.[1]) {
    case "label_names":
      return labelNames(within || undefined);
    case "label_values": {
      const comma = within.lastIndexOf(",");
      const label = within.slice(comma + 1).trim();
      return labelValues(label, comma < 0 ? undefined : within.slice(0, comma).trim());
    }
    case "metrics": {
      const pattern = new RegExp(within);
      return (await labelValues("__name__")).filter((each) => pattern.test(each));
    }
    case "query_result": {
      const { found } = await query(within);
      return found.map(
        (each) => `${writtenLabels(each.labels)} ${each.value} ${each.time * 1_000}`,
      );
    }
    default:
      return [];
  }
}
