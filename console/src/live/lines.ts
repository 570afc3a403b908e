/** What followed runs write, line by line. */

import { type Signal, signal } from "@preact/signals";

export interface Line {
  /** Where what follows it begins. */
  position: number;
  at: number | null;
  step: string;
  kind: string;
  text: string;
}

export interface LineMessage {
  kind: "line";
  run: string;
  line: Line;
}

export interface Output {
  lines: readonly Line[];
  ended: boolean;
}

const MOST = 5_000;
/** The server turns a tab away that follows more. */
const MOST_FOLLOWED = 5;
const followed = new Map<string, Signal<Output>>();

/** The ids of the runs that this tab follows. */
export const followedRuns = signal<readonly string[]>([]);

/** The output of a run; call `unfollow` when nobody looks any more. */
export function follow(run: string): Signal<Output> {
  const known = followed.get(run);
  if (known) return known;
  const output = signal<Output>({ lines: [], ended: false });
  followed.set(run, output);
  followedRuns.value = [...followed.keys()];
  return output;
}

export function unfollow(run: string): void {
  followed.delete(run);
  followedRuns.value = [...followed.keys()];
}

/** Where each followed run goes on, after a line that was lost with its connection. */
export function positions(): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [run, output] of [...followed].slice(-MOST_FOLLOWED)) {
    found[run] = output.peek().lines.at(-1)?.position ?? 0;
  }
  return found;
}

export function hear(message: LineMessage | { kind: "ended"; run: string }): void {
  const output = followed.get(message.run);
  if (!output) return;
  const { lines } = output.peek();
  output.value =
    message.kind === "ended"
      ? { lines, ended: true }
      : { lines: [...lines.slice(-MOST + 1), message.line], ended: false };
}
