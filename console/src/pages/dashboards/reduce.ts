/** Many values become one, by the names that Grafana has for it. */

type Values = readonly (number | null)[];

const CALCULATIONS: Readonly<
  Record<string, (known: readonly number[], all: Values) => number | null>
> = {
  lastNotNull: (known) => known.at(-1) ?? null,
  last: (_, all) => all.at(-1) ?? null,
  first: (_, all) => all[0] ?? null,
  firstNotNull: (known) => known[0] ?? null,
  mean: (known) => (known.length ? total(known) / known.length : null),
  sum: (known) => (known.length ? total(known) : null),
  min: (known) => (known.length ? Math.min(...known) : null),
  max: (known) => (known.length ? Math.max(...known) : null),
  range: (known) => (known.length ? Math.max(...known) - Math.min(...known) : null),
  count: (_, all) => all.length,
  delta: (known) => increase(known),
  diff: (known) => (known.length ? known.at(-1)! - known[0]! : null),
};

export function knowsCalculation(name: string): boolean {
  return name in CALCULATIONS;
}

/** Null where there is nothing to calculate with. */
export function reduced(values: Values, calculation: string): number | null {
  const known = values.filter((each): each is number => each !== null && !Number.isNaN(each));
  return (CALCULATIONS[calculation] ?? CALCULATIONS["lastNotNull"]!)(known, values);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0);
}

/** Of a counter: where it falls, it began anew. */
function increase(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values
    .slice(1)
    .reduce((sum, each, at) => sum + (each < values[at]! ? each : each - values[at]!), 0);
}
