/** What is said to the viewer aside from the page: that something was done, or why not. */

import { signal } from "@preact/signals";

export interface Said {
  id: number;
  text: string;
  bad: boolean;
}

export const said = signal<readonly Said[]>([]);
let last = 0;

/** Bad news stays until it is sent away; good news for five seconds. */
export function say(text: string, bad = false): void {
  const id = ++last;
  said.value = [...said.value.slice(-4), { id, text, bad }];
  if (!bad) setTimeout(() => unsay(id), 5_000);
}

export function unsay(id: number): void {
  said.value = said.value.filter((each) => each.id !== id);
}
