/** Asks again when the server says that something is new, and rarely where it says nothing. */

import { useEffect, useRef } from "preact/hooks";
import { useEvery } from "./every";

/** Seconds. */
const MOST_OFTEN = 0.5;
const ANYWAY = 15;

/** `told` is another value where there is something new. */
export function useWhenTold(told: unknown, again: () => void, while_ = true): void {
  const first = useRef(true);
  const latest = useRef(again);
  const asked = useRef(0);
  latest.current = again;
  useEffect(() => {
    if (first.current || !while_) {
      first.current = false;
      return;
    }
    const rest = asked.current + MOST_OFTEN * 1_000 - performance.now();
    const timer = setTimeout(
      () => {
        asked.current = performance.now();
        latest.current();
      },
      Math.max(0, rest),
    );
    return () => clearTimeout(timer);
  }, [told, while_]);
  useEvery(ANYWAY, again, while_);
}
