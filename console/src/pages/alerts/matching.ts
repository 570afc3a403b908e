/** Finding things by words, and matchers that fit exactly one alert. */

/** Whether each word occurs somewhere in a thing, names of its fields aside. */
export function hasWords(thing: unknown, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const said = words.length > 0 ? textOf(thing).toLowerCase() : "";
  return words.every((word) => said.includes(word));
}

function textOf(thing: unknown): string {
  if (thing === null || thing === undefined) return "";
  if (typeof thing !== "object") return String(thing);
  // Labels are searched for as they are shown, too: `service="api"`.
  return Object.entries(thing)
    .map(([key, value]) =>
      typeof value === "string" ? `${value} ${key}="${value}"` : textOf(value),
    )
    .join(" ");
}

/** As a silence takes them: `alertname="Down", service="api"`. */
export function matchersOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${quotedName(name)}=${quoted(value)}`)
    .join(", ");
}

function quotedName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quoted(name);
}

function quoted(value: string): string {
  const escaped = value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
  return `"${escaped}"`;
}
