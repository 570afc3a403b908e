/** The one question that is open. It stands beside the page: what it is about may go meanwhile,
 * and what somebody has typed must not go with it. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

type Asking = (close: () => void) => JSX.Element;

const open = signal<Asking | null>(null);

/** Have `asking` asked; it gives a `Dialog`, whose `close` is the one that it is given. */
export function ask(asking: Asking): void {
  open.value = asking;
}

function close(): void {
  open.value = null;
}

/** Where it stands; it goes with the page. */
export function OpenQuestion({ path }: { path: string }) {
  useEffect(() => close, [path]);
  return open.value?.(close) ?? null;
}
