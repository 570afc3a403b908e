/** Asks again from time to time, for what nobody announces; not while the tab is hidden. */

import { useEffect, useRef } from "preact/hooks";

export function useEvery(seconds: number, again: () => void, while_ = true): void {
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    if (!while_) return;
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, seconds * 1_000);
    return () => clearInterval(timer);
  }, [seconds, while_]);
}
