/** Prometheus' words about an expression: `invalid parameter "query": 1:5: parse error: …`. */

const PLACED = /(\d+):(\d+): parse error: ([\s\S]*)$/;

/** `at`: the character counted from 0; null where no place is told. */
export function placeOfProblem(
  expression: string,
  message: string,
): { what: string; at: number | null } {
  const found = PLACED.exec(message);
  if (!found) return { what: message, at: null };
  // Where the server's parser does not know the place, it says the first.
  if (found[1] === "1" && found[2] === "1") return { what: found[3]!, at: null };
  const lines = expression.split("\n").slice(0, Number(found[1]) - 1);
  const before = lines.reduce((sum, line) => sum + line.length + 1, 0);
  return { what: found[3]!, at: Math.min(before + Number(found[2]) - 1, expression.length) };
}
