/** What a variable asks for, and how its answers become choices. Pure: tested without a server. */

import type { Choice } from "./model";

/** Whether it is understood what such a query asks for. */
export function knowsQuery(text: string): boolean {
  return /^(label_values|label_names|metrics|query_result)\s*\([\s\S]*\)$/.test(text.trim());
}

/** Those that match a pattern such as `/job="([^"]+)"/`; its group, where it has one, is the value. */
export function shaped(found: readonly string[], pattern: string): Choice[] {
  if (pattern === "") return [...new Set(found)].map((each) => ({ text: each, value: each }));
  const [, inner = pattern, flags = ""] = /^\/([\s\S]*)\/(\w*)$/.exec(pattern) ?? [];
  const expression = new RegExp(inner, flags.replace("g", ""));
  const choices = found.flatMap((each) => {
    const match = expression.exec(each);
    if (!match) return [];
    const value = match.groups?.["value"] ?? match.groups?.["text"] ?? match[1] ?? match[0];
    return [{ text: match.groups?.["text"] ?? value, value }];
  });
  return [...new Map(choices.map((each) => [each.value, each])).values()];
}

/** By Grafana's numbers: 1 and 2 by name, 3 and 4 by number, 5 and 6 by name whatever its case. */
export function sorted(choices: readonly Choice[], order: number): Choice[] {
  if (order === 0) return [...choices];
  const numeric = order === 3 || order === 4;
  const compare = (a: Choice, b: Choice) =>
    numeric
      ? number(a.text) - number(b.text)
      : a.text.localeCompare(b.text, undefined, { numeric: order > 6 });
  const ascending = [...choices].sort(compare);
  return order % 2 === 0 ? ascending.reverse() : ascending;
}

function number(text: string): number {
  return Number(/-?\d+(\.\d+)?/.exec(text)?.[0] ?? Infinity);
}
