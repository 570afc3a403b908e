import type { Check } from "../../api/types";
import { Ago } from "../../parts/moment";
import { checkReason } from "../../parts/reason";
import { byState, StateWord } from "../../parts/state";

/** Checks that are about no service. */
export function ChecksTile({ checks }: { checks: Check[] }) {
  const sorted = [...checks].sort(byState);
  return (
    <li class={`tile tone-edge-${sorted[0]?.state ?? "unknown"}`}>
      <header>
        <h3>Other checks</h3>
      </header>
      <ul class="other-checks">
        {sorted.map((each) => (
          <li key={each.name} id={each.name} title={each.description}>
            <span>{each.name}</span>
            <StateWord state={each.state} />
            {each.state !== "up" && (
              <span class="why">
                {checkReason(each)}, <Ago at={each.since} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </li>
  );
}
