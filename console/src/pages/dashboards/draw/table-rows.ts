/** Series as rows of a table: their labels, and a value for each question. */

import type { Labels } from "../../../parts/labels";

export type Cell = string | number | null | undefined;

interface Valued {
  labels: Labels;
  value: number | null;
  /** Of the question. */
  id: string;
}

/** One question has the column `Value`; several have `Value #A` and so on, and series with the same
 * labels share a row. */
export function rowsOf(values: readonly Valued[]) {
  const ids = [...new Set(values.map((each) => each.id))];
  const nameOf = (id: string) => (ids.length > 1 ? `Value #${id}` : "Value");
  const labels = [...new Set(values.flatMap((each) => Object.keys(each.labels)))].filter(
    (each) => each !== "__name__",
  );
  const rows = new Map<string, Record<string, Cell>>();
  for (const { labels: own, value, id } of values) {
    const key = JSON.stringify(labels.map((each) => own[each]));
    const there = rows.get(key);
    const row = there && there[nameOf(id)] === undefined ? there : { ...own };
    row[nameOf(id)] = value;
    rows.set(row === there ? key : there ? `${key}${rows.size}` : key, row);
  }
  const numbers = ids.map(nameOf);
  return { columns: [...labels, ...numbers], numbers: new Set(numbers), rows: [...rows.values()] };
}
