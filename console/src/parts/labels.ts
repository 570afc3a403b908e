/** The labels of a series. */

export type Labels = Readonly<Record<string, string>>;

/** `name{label="value"}`, as an expression would have it. */
export function writtenLabels(labels: Labels): string {
  const { __name__: name = "", ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length > 0 || name === "" ? `${name}{${pairs.join(", ")}}` : name;
}
