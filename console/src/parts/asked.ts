/** What a page asks the server for when it opens, beyond what is live. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Problem } from "../api/problem";

export interface Asked<T> {
  data: T | null;
  problem: Problem | null;
  asking: boolean;
}

/** Asks again when one of `of` changes, and when `again` is called. An answer that is overtaken
 * is dropped. */
export function useAsked<T>(
  ask: () => Promise<T>,
  of: readonly unknown[],
): { asked: Signal<Asked<T>>; again: () => void } {
  const asked = useSignal<Asked<T>>({ data: null, problem: null, asking: true });
  const turn = useSignal(0);
  const again = async () => {
    const mine = ++turn.value;
    asked.value = { ...asked.peek(), asking: true };
    try {
      const data = await ask();
      if (mine === turn.peek()) asked.value = { data, problem: null, asking: false };
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, String(error));
      if (mine === turn.peek()) asked.value = { ...asked.peek(), problem, asking: false };
    }
  };
  useEffect(() => void again(), of);
  return { asked, again: () => void again() };
}
