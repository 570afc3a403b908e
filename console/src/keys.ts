/** Keys: `/` searches, `g` and another one goes to a page, `?` says which. */

import { signal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import { pages } from "./pages";
import { at } from "./place";

/** Whether the search is open. */
export const searching = signal(false);

const NEXT_WITHIN = 1_500;

export function useKeys(): void {
  const { route } = useLocation();
  useEffect(() => {
    let begun = 0;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "/" || event.key === "?") {
        event.preventDefault();
        searching.value = true;
      } else if (event.timeStamp - begun < NEXT_WITHIN) {
        begun = 0;
        const page = pages.find((each) => each.key === event.key);
        if (page) route(at(page.path));
      } else if (event.key === "g") {
        begun = event.timeStamp;
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [route]);
}

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return element?.closest("input, textarea, select, dialog, [contenteditable]") != null;
}
