/** The frame around every page: the verdict, where to go, who looks, and what was just said. */

import { LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useKeys } from "./keys";
import { now, waiting } from "./live/platform";
import { staleSince, turnedAway } from "./live/socket";
import { pages } from "./pages";
import { OpenQuestion } from "./parts/ask";
import { For } from "./parts/moment";
import { said, unsay } from "./parts/said";
import { StateWord } from "./parts/state";
import { at } from "./place";
import { Search } from "./search";
import { session } from "./session";

export function Console() {
  return (
    <LocationProvider>
      <Frame />
    </LocationProvider>
  );
}

function Frame() {
  const { path } = useLocation();
  useKeys();
  return (
    <>
      <a class="skip" href={`${path}#content`} onClick={toContent}>
        To the content
      </a>
      <Head />
      <Stale />
      <div class="frame">
        <Navigation path={path} />
        <main id="content" tabIndex={-1}>
          <Router>
            {pages.map((each) => (
              <Route path={at(each.path)} component={each.component} />
            ))}
            <Route default component={NoSuchPage} />
          </Router>
        </main>
      </div>
      <Sayings />
      <OpenQuestion path={path} />
      <Search />
    </>
  );
}

function Head() {
  const platform = now.value;
  const person = session.value.person;
  return (
    <header class="head">
      <a class="brand" href={at("")}>
        {platform?.platform ?? "Opsbook"}
      </a>
      {platform && <StateWord state={platform.state} />}
      <span class="gap" />
      {person ? (
        <a href={at("account")}>
          {person.name} <span class="faint">{person.role}</span>
        </a>
      ) : (
        <a href={at("sign-in")}>Sign in</a>
      )}
    </header>
  );
}

function Navigation({ path }: { path: string }) {
  const count = Object.keys(waiting.value).length;
  return (
    <nav class="navigation" aria-label="Pages">
      {pages.map(
        (each) =>
          each.title && (
            <a href={at(each.path)} {...(isAt(path, each.path) && { "aria-current": "page" })}>
              {each.title}
              {each.path === "" && count > 0 && (
                <span class="count" title="waiting for a person">
                  {count}
                </span>
              )}
            </a>
          ),
      )}
    </nav>
  );
}

/** The page of a thing belongs to the list of such things. */
function isAt(path: string, page: string): boolean {
  const here = at(page);
  if (page === "") return path === here.replace(/\/$/, "") || path === here;
  return path === here || path.startsWith(`${here}/`);
}

function Stale() {
  if (turnedAway.value) {
    return (
      <p class="stale" role="alert">
        You are signed out. <a href={at("sign-in")}>Sign in</a> to see what is going on.
      </p>
    );
  }
  if (staleSince.value === null) return null;
  if (now.value === null)
    return (
      <p class="stale" role="status">
        Connecting…
      </p>
    );
  return (
    <p class="stale" role="alert">
      This page is stale: nothing was heard for <For since={staleSince.value / 1_000} />. What you
      see is how it was then.
    </p>
  );
}

function Sayings() {
  return (
    <div class="sayings" role="status" aria-live="polite">
      {said.value.map((each) => (
        <p key={each.id} class={each.bad ? "bad" : ""}>
          {each.text}
          <button class="quiet" aria-label="dismiss" onClick={() => unsay(each.id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}

function NoSuchPage() {
  return (
    <p>
      There is no such page. <a href={at("")}>To the overview</a>
    </p>
  );
}

/** A mere `#content` would be looked for below `<base>`. */
function toContent(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
