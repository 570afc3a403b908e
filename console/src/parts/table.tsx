/** A table that scrolls by itself where the screen is narrow, and can be reached by key. */

import type { ComponentChildren } from "preact";

/** `number`: its cells stand to the right. `unseen`: what is in it says itself what it is. */
export type Column = string | { text: string; number?: true; unseen?: true };

interface Props {
  /** What it is called where it is read out. */
  label: string;
  columns: readonly Column[];
  class?: string;
  /** The rows. */
  children: ComponentChildren;
}

export function Table({ label, columns, children, ...more }: Props) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table {...more}>
        <thead>
          <tr>
            {columns.map((each) => (
              <Head column={typeof each === "string" ? { text: each } : each} />
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

function Head({ column }: { column: Exclude<Column, string> }) {
  return (
    <th scope="col" class={column.number ? "number" : ""}>
      {column.unseen ? <span class="unseen">{column.text}</span> : column.text}
    </th>
  );
}
