/** What a series is called: `{{service}} of {{ job }}` with its labels. */

import { type Labels, writtenLabels } from "../../parts/labels";

export function legendOf(format: string, labels: Labels, expression: string): string {
  if (format === "" || format === "__auto") {
    return Object.keys(labels).length > 0 ? writtenLabels(labels) : expression;
  }
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => labels[label] ?? "");
}
