/** What the name of a metric says about its unit. */

const BARE = /^\s*[A-Za-z_:][\w:]*?_(bytes|seconds|percent)\s*(\{[^}]*\})?\s*$/;

/** Only for a metric as it is: what functions make of it may have another unit. */
export function unitOf(expression: string): string {
  if (/timestamp_seconds|time_seconds|clock_seconds/.test(expression)) return "";
  return BARE.exec(expression)?.[1] ?? "";
}
