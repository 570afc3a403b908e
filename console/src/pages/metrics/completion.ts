/** What may follow where the cursor is in an expression. Pure: tested without a page. */

export interface Place {
  /** A word is a metric, a function or a keyword. */
  kind: "word" | "label" | "value" | "none";
  /** What stands there already, from `from` to the cursor. */
  begun: string;
  from: number;
  /** The metric whose labels these are, where it is known. */
  metric?: string | undefined;
  /** The label whose values these are. */
  label?: string | undefined;
}

const WORD = /[A-Za-z_:][A-Za-z0-9_:]*$/;
const VALUE = /([A-Za-z_][A-Za-z0-9_]*)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)$/;
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*$/;

export function placeIn(expression: string, cursor: number): Place {
  const before = expression.slice(0, cursor);
  const open = openBrace(before);
  if (open !== null) return inBraces(before, open);
  if (inQuotes(before) || /\[[^\]]*$/.test(before)) return nowhere(cursor);
  const begun = WORD.exec(before)?.[0] ?? "";
  const from = cursor - begun.length;
  if (/[0-9.]$/.test(before.slice(0, from))) return nowhere(cursor);
  if (GROUPING.test(before)) {
    const metric = /([A-Za-z_:][A-Za-z0-9_:]*)\s*[{)[]/.exec(expression.slice(cursor))?.[1];
    return { kind: "label", begun, from, metric };
  }
  return { kind: "word", begun, from };
}

/** Those that begin so first, then those that contain it. */
export function fitting(candidates: readonly string[], begun: string, most: number): string[] {
  const wanted = begun.toLowerCase();
  const rank = (each: string) => {
    const at = each.toLowerCase().indexOf(wanted);
    return at < 0 ? 2 : at === 0 ? 0 : 1;
  };
  return candidates
    .filter((each) => rank(each) < 2)
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .slice(0, most);
}

function inBraces(before: string, open: number): Place {
  const inside = before.slice(open + 1);
  const metric = WORD.exec(before.slice(0, open).trimEnd())?.[0];
  const value = VALUE.exec(inside);
  if (value) {
    const [, label, begun = ""] = value;
    return { kind: "value", begun, from: before.length - begun.length, metric, label };
  }
  const begun = WORD.exec(inside)?.[0] ?? "";
  const rest = inside.slice(0, inside.length - begun.length).trimEnd();
  if (rest !== "" && !rest.endsWith(",")) return nowhere(before.length);
  return { kind: "label", begun, from: before.length - begun.length, metric };
}

/** Where the brace stands that is still open. */
function openBrace(text: string): number | null {
  let [open, quote]: [number | null, string] = [null, ""];
  for (let at = 0; at < text.length; at++) {
    const each = text[at]!;
    if (quote) {
      if (each === "\\") at++;
      else if (each === quote) quote = "";
    } else if (each === '"' || each === "'" || each === "`") quote = each;
    else if (each === "{") open = at;
    else if (each === "}") open = null;
  }
  return open;
}

function inQuotes(text: string): boolean {
  const unescaped = text.replace(/\\./g, "");
  return (unescaped.match(/"/g)?.length ?? 0) % 2 === 1;
}

function nowhere(cursor: number): Place {
  return { kind: "none", begun: "", from: cursor };
}
