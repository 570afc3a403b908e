/** Views of one page, each with an address of its own: `?tab=`. */

import "./tabs.css";
import { useLocation } from "preact-iso";
import { withQuery } from "./query";

interface Props {
  label: string;
  /** Name in the address → title. The first is shown where the address names none. */
  tabs: Readonly<Record<string, string>>;
}

export function Tabs({ label, tabs }: Props) {
  const { url } = useLocation();
  const shown = useTab(tabs);
  return (
    <nav class="tabs" aria-label={label}>
      {Object.entries(tabs).map(([name, title]) => (
        <a
          href={withQuery(url, "tab", name === Object.keys(tabs)[0] ? "" : name)}
          {...(name === shown && { "aria-current": "page" })}
        >
          {title}
        </a>
      ))}
    </nav>
  );
}

export function useTab(tabs: Readonly<Record<string, string>>): string {
  const { query } = useLocation();
  const named = query["tab"] ?? "";
  return named in tabs ? named : (Object.keys(tabs)[0] ?? "");
}
