/** Each drill: what it proves, whether it was proved of late, and what was measured. */

import { useSignal } from "@preact/signals";
import { useRoute } from "preact-iso";
import { useEffect } from "preact/hooks";
import { drills } from "../../live/platform";
import { Page } from "../../parts/page";
import { DrillCard } from "./drill-card";
import "./drills.css";
import { standing } from "./standing";

export default function Drills() {
  const listed = Object.values(drills.value).sort(
    (a, b) => standing(a.state).rank - standing(b.state).rank || a.name.localeCompare(b.name),
  );
  const { name } = useRoute().params;
  useEffect(() => {
    if (name) document.getElementById(decodeURIComponent(name))?.scrollIntoView();
  }, [name, listed.length > 0]);
  const words = useSignal("");
  const shown = listed.filter((each) => each.name.includes(words.value.trim().toLowerCase()));
  return (
    <Page title="Drills">
      <p class="faint">
        A drill hurts the platform on purpose, and proves that it is seen, told and mended in time.
      </p>
      {listed.length > 6 && (
        <label class="bar">
          Only those called{" "}
          <input type="search" onInput={(event) => (words.value = event.currentTarget.value)} />
        </label>
      )}
      {listed.length === 0 && (
        <p>The book declares no drills: what happens in an emergency was never tried.</p>
      )}
      <ul class="tiles">
        {shown.map((each) => (
          <DrillCard key={each.name} drill={each} />
        ))}
      </ul>
    </Page>
  );
}
