/** What people write into the fields of a runbook's parameters, checked before it is sent. */

import type { Parameter } from "../../api/types";

export type Parameters = Readonly<Record<string, Parameter>>;
export type Values = Readonly<Record<string, string>>;

/** As the fields show it before anybody has written anything. */
export function firstValues(parameters: Parameters): Values {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, each]) => [name, String(each.default ?? "")]),
  );
}

/** Name → what is wrong with its value; empty where all fits. The server looks again, and at
 * more than this. */
export function wrongValues(
  parameters: Parameters,
  values: Values,
  services: readonly string[],
): Record<string, string> {
  const wrong: Record<string, string> = {};
  for (const [name, each] of Object.entries(parameters)) {
    const said = wrongIn(each, values[name] ?? "", services);
    if (said) wrong[name] = said;
  }
  return wrong;
}

function wrongIn(one: Parameter, text: string, services: readonly string[]): string {
  if (text === "")
    return one.default === null && one.type !== "text" ? "give it: it has no default" : "";
  switch (one.type) {
    case "integer":
      return /^[+-]?\d+$/.test(text.trim()) ? outside(one, Number(text)) : "write a whole number";
    case "number":
      return Number.isFinite(Number(text)) ? outside(one, Number(text)) : "write a number";
    case "duration":
      return /^(\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*)+$/.test(text.trim())
        ? ""
        : "write a number and a unit, such as 30s or 1h30m";
    case "service":
      return services.length === 0 || services.includes(text)
        ? ""
        : `one of ${services.join(", ")}`;
    case "choice":
      return one.choices?.includes(text) ? "" : `one of ${one.choices?.join(", ")}`;
    case "secret":
      return /^(env:.+|file:.+)$/.test(text) ? "" : "write where it is: env:NAME or file:/path";
    case "text":
      return wrongText(one, text);
    default:
      return "";
  }
}

function outside(one: Parameter, number: number): string {
  const { minimum, maximum } = one;
  if (typeof minimum === "number" && number < minimum) return `at least ${minimum}`;
  if (typeof maximum === "number" && number > maximum) return `at most ${maximum}`;
  return "";
}

function wrongText(one: Parameter, text: string): string {
  const longest = one.longest ?? Infinity;
  if ([...text].length > longest) return `at most ${longest} characters`;
  if (!one.pattern) return "";
  try {
    return new RegExp(`^(?:${one.pattern})$`, "su").test(text)
      ? ""
      : `it must match ${one.pattern}`;
  } catch {
    return ""; // RE2 knows what a browser does not; the server will say
  }
}

/** As the API takes them; what is empty and has a default is left to it. */
export function asGiven(parameters: Parameters, values: Values): Record<string, unknown> {
  const given = Object.entries(parameters).flatMap(([name, each]) => {
    const text = values[name] ?? "";
    if (text === "" && !(each.type === "text" && each.default === null)) return [];
    return [[name, typed(each, text)] as const];
  });
  return Object.fromEntries(given);
}

function typed(one: Parameter, text: string): unknown {
  if (one.type === "boolean") return text === "true";
  if (one.type === "integer" || one.type === "number") return Number(text);
  return text;
}

const REFUSED = /(?:^|; )parameter ([A-Za-z_]\w*): /;

/** What the server refused, by the parameter that it is about. */
export function refusedValues(detail: string): Record<string, string> {
  const [, ...found] = detail.split(REFUSED);
  const wrong: Record<string, string> = {};
  for (let index = 0; index + 1 < found.length; index += 2) {
    wrong[found[index] ?? ""] = found[index + 1] ?? "";
  }
  return wrong;
}
