import type { components } from "../../api/schema";
import { duration } from "../../parts/moment";
import { StateWord } from "../../parts/state";
import { at } from "../../place";

export type OrderResult = components["schemas"]["OrderResult"];

/** What came of an order, and what proves it. */
export function OrderOutcome({ result, dismiss }: { result: OrderResult; dismiss: () => void }) {
  const { verified, before, after } = result;
  return (
    <section class="panel" role="status" aria-label="What came of it">
      <p>
        {verified === true && <StateWord state="up" word="proved" />}
        {verified === false && <StateWord state="down" word="failed" />}
        {verified === null && <StateWord state="unknown" word="not proved" />} {result.verb}:{" "}
        {result.message || (verified ? "its checks are up" : "no check can prove it")}
      </p>
      <p class="faint">
        {before ?? "nothing"} → {after ?? "nothing"} in {duration(result.seconds)}
        {result.evidence.length > 0 && <>; ledger entries </>}
        {result.evidence.map((each, index) => (
          <>
            {index > 0 && ", "}
            <a href={at(`ledger?seq=${each}`)}>{each}</a>
          </>
        ))}
      </p>
      <button class="quiet" onClick={dismiss}>
        Dismiss
      </button>
    </section>
  );
}
