/** Light, dark, or as the system has it; remembered in this browser. */

import { effect, signal } from "@preact/signals";

export const THEMES = ["as the system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "opsbook-theme";

export const theme = signal<Theme>(remembered());

effect(() => {
  if (theme.value === "as the system") {
    delete document.documentElement.dataset["theme"];
    localStorage.removeItem(KEY);
  } else {
    document.documentElement.dataset["theme"] = theme.value;
    localStorage.setItem(KEY, theme.value);
  }
});

function remembered(): Theme {
  const known = localStorage.getItem(KEY);
  return THEMES.find((each) => each === known) ?? "as the system";
}
