/** What colours mean at the moment: a canvas does not follow style sheets by itself. */

import { signal } from "@preact/signals";

/** Grows when the colours change. */
export const theme = signal(0);

const changed = () => (theme.value += 1);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
new MutationObserver(changed).observe(document.documentElement, {
  attributeFilter: ["data-theme"],
});

export const COLOURS = 8;
const DASHES: readonly (readonly number[])[] = [[], [10, 4], [3, 3], [10, 4, 3, 4]];

/** The variable that holds the colour of a series. */
export function colourOf(index: number): string {
  return `--series-${(index % COLOURS) + 1}`;
}

/** Together with its colour: who does not see colours follows the dashes. */
export function dashOf(index: number): readonly number[] {
  return DASHES[index % DASHES.length]!;
}

/** The colour that a variable stands for where `element` is, such as `rgb(1 2 3)`. */
export function resolved(element: Element, variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  element.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** The same, see-through. */
export function thin(colour: string, share: number): string {
  return `color-mix(in srgb, ${colour} ${share * 100}%, transparent)`;
}
