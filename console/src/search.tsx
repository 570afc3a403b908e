/** Search over everything that has a page: services, checks, runbooks, incidents, pages. */

import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";
import { searching } from "./keys";
import { checks, drills, incidents, services } from "./live/platform";
import { pages } from "./pages";
import { at } from "./place";

interface Found {
  what: string;
  name: string;
  path: string;
  hint?: string | undefined;
}

const MOST = 12;

export function Search() {
  return searching.value ? <OpenSearch /> : null;
}

function OpenSearch() {
  const { route } = useLocation();
  const dialog = useRef<HTMLDialogElement>(null);
  const words = useSignal("");
  const chosen = useSignal(0);
  useEffect(() => dialog.current?.showModal(), []);
  const found = everything()
    .filter((each) => matches(each, words.value))
    .slice(0, MOST);
  const close = () => (searching.value = false);
  const go = (each: Found | undefined) => {
    if (!each) return;
    close();
    route(at(each.path));
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      chosen.value = Math.max(0, Math.min(found.length - 1, chosen.value + step));
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(found[chosen.value]);
    }
  };
  return (
    <dialog ref={dialog} class="search" onClose={close} aria-label="Search">
      <input
        role="combobox"
        aria-label="Search services, checks, incidents, pages"
        aria-expanded="true"
        aria-controls="found"
        {...(found[chosen.value] && { "aria-activedescendant": `found-${chosen.value}` })}
        placeholder="Search services, checks, incidents, pages"
        onInput={(event) => {
          words.value = event.currentTarget.value;
          chosen.value = 0;
        }}
        onKeyDown={press}
      />
      <ul id="found" role="listbox" aria-label="Found">
        {found.map((each, index) => (
          <li
            id={`found-${index}`}
            role="option"
            aria-selected={index === chosen.value}
            onClick={() => go(each)}
          >
            <span class="faint">{each.what}</span> {each.name}
            {each.hint && <kbd>{each.hint}</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="faint">Nothing is called so.</p>}
    </dialog>
  );
}

function everything(): Found[] {
  return [
    ...named("service", Object.keys(services.value), (name) => `services/${name}`),
    ...Object.values(checks.value).map((each) => ({
      what: "check",
      name: each.name,
      path: each.service ? `services/${each.service}#${each.name}` : `#${each.name}`,
    })),
    ...named("incident", Object.keys(incidents.value), (name) => `incidents/${name}`),
    ...named("drill", Object.keys(drills.value), () => "drills"),
    ...pages.flatMap((each) =>
      each.title
        ? [
            {
              what: "page",
              name: each.title,
              path: each.path,
              hint: each.key ? `g ${each.key}` : undefined,
            },
          ]
        : [],
    ),
  ];
}

function named(what: string, names: string[], path: (name: string) => string): Found[] {
  return names.map((name) => ({ what, name, path: path(encodeURIComponent(name)) }));
}

function matches(each: Found, words: string): boolean {
  const text = `${each.what} ${each.name}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
