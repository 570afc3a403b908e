/** What is looked at to know how a service stands. */

import { useEffect } from "preact/hooks";
import type { Service } from "../../api/types";
import { checks } from "../../live/platform";
import { byState } from "../../parts/state";
import { CheckPanel } from "./check-panel";

export function Checks({ service }: { service: Service }) {
  const found = service.checks.flatMap((name) => checks.value[name] ?? []).sort(byState);
  useEffect(showNamed, [found.length > 0]);
  return (
    <section aria-labelledby="checks">
      <h2 id="checks">Checks</h2>
      {found.length === 0 && <p>No check says how it stands.</p>}
      <ul class="checks">
        {found.map((each) => (
          <CheckPanel key={each.name} check={each} />
        ))}
      </ul>
    </section>
  );
}

/** The check that the address names: its panel comes late for the browser itself. */
function showNamed(): void {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named) return;
  named.querySelector("details")?.setAttribute("open", "");
  named.scrollIntoView({ block: "center" });
}
