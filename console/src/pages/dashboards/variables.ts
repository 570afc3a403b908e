/** `$service`, `${service:regex}` and `[[service]]` in an expression → what was chosen for them. */

import { durationOf } from "../../parts/times";
import type { Variable } from "./model";

export const ALL = "$__all";

export interface Chosen {
  variable: Variable;
  /** `$__all` stands for all. */
  values: readonly string[];
}

export interface Scope {
  chosen: ReadonlyMap<string, Chosen>;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  /** Seconds between two points. */
  step: number;
}

const VARIABLE = /\$(\w+)|\$\{(\w+)(?:\.\w+)?(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g;
/** The same with a format, whatever stands behind the colon. */
const FORMATTED = /\$\{(\w+)(?:\.\w+)?:([^}]*)\}|\[\[(\w+):([^\]]*)\]\]/g;
const FORMATS = ["regex", "pipe", "json", "doublequote", "text", "csv", "raw"];
/** Four times what is the usual time between two scrapes. */
const LEAST_RATE_SECONDS = 60;
const SCRAPE_SECONDS = 15;

/** For an expression of PromQL: several values become `(a|b)`, as a matcher wants them. */
export function inExpression(text: string, scope: Scope): string {
  return replaced(text, scope, promql);
}

/** For people: several values become `a, b`. */
export function inWords(text: string, scope: Scope): string {
  return replaced(text, scope, (each) => valuesOf(each).join(", "));
}

/** What a text wants to be written in a way that nobody here knows, such as `${day:date}`. Where
 * that is one word, the values stand there with commas between them. */
export function strangeFormats(text: string): string[] {
  return [...text.matchAll(FORMATTED)]
    .filter(([, a, aAs, b, bAs]) => isStrange(a ?? b ?? "", aAs ?? bAs ?? ""))
    .map(([whole]) => whole);
}

/** A time is written in milliseconds, whatever is asked for. */
function isStrange(name: string, format: string): boolean {
  return name.startsWith("__") || !FORMATS.includes(format);
}

/** The values themselves, with all written out. */
export function valuesOf({ variable, values }: Chosen): readonly string[] {
  const all = values.includes(ALL);
  return all ? variable.choices.map((each) => each.value).filter((each) => each !== ALL) : values;
}

function replaced(text: string, scope: Scope, written: (chosen: Chosen) => string): string {
  return text.replace(
    VARIABLE,
    (whole, a?: string, b?: string, bAs?: string, c?: string, cAs?: string) => {
      const name = a ?? b ?? c ?? "";
      const known = builtIn(name, scope);
      if (known !== null) return known;
      const chosen = scope.chosen.get(name);
      if (!chosen) return whole;
      const format = bAs ?? cAs;
      return format ? formattedAs(format, chosen) : written(chosen);
    },
  );
}

function promql(chosen: Chosen): string {
  const { variable, values } = chosen;
  if (values.includes(ALL) && variable.allValue) return variable.allValue;
  // A variable of one value may stand anywhere, such as for the name of a metric.
  if (!variable.many && !variable.all) return (values[0] ?? "").replace(/[\\"]/g, "\\$&");
  const found = valuesOf(chosen).map(escaped);
  return found.length === 1 ? found[0]! : `(${found.join("|")})`;
}

function formattedAs(format: string, chosen: Chosen): string {
  const { variable, values } = chosen;
  if (values.includes(ALL) && variable.allValue) return variable.allValue;
  const found = valuesOf(chosen);
  switch (format) {
    case "regex":
      return found.length === 1 ? escaped(found[0]!) : `(${found.map(escaped).join("|")})`;
    case "pipe":
      return found.join("|");
    case "json":
      return JSON.stringify(found);
    case "doublequote":
      return found.map((each) => JSON.stringify(each)).join(",");
    case "text":
      return found.join(" + ");
    default:
      return found.join(",");
  }
}

/** For a regular expression (RE2) within a quoted string of PromQL. */
function escaped(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}]/g, "\\\\$&").replaceAll('"', '\\"');
}

function builtIn(name: string, { from, to, step }: Scope): string | null {
  const seconds = Math.max(1, Math.round((to - from) / 1_000));
  switch (name) {
    case "__interval":
      return durationOf(step);
    case "__interval_ms":
      return String(step * 1_000);
    case "__rate_interval":
      return durationOf(Math.max(step + SCRAPE_SECONDS, LEAST_RATE_SECONDS));
    case "__range":
      return `${seconds}s`;
    case "__range_s":
      return String(seconds);
    case "__range_ms":
      return String(to - from);
    case "__from":
      return String(from);
    case "__to":
      return String(to);
    default:
      return null;
  }
}
