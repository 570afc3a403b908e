/** Holds every entry against the chain, and says what came of it. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { ActButton } from "../../parts/act-button";
import { StateWord } from "../../parts/state";

type Verdict = components["schemas"]["LedgerVerdict"];

export function Verify() {
  const verdict = useSignal<Verdict | null>(null);
  const problem = useSignal("");
  const busy = useSignal(false);
  const verify = async () => {
    busy.value = true;
    problem.value = "";
    try {
      verdict.value = (await told(api.POST("/api/ledger/verification"))) as Verdict;
    } catch (error) {
      problem.value = (error as Error).message;
    }
    busy.value = false;
  };
  return (
    <>
      <ActButton role="viewer" onClick={verify}>
        {busy.value ? "Verifying…" : "Verify the chain"}
      </ActButton>
      <span role="status">
        {problem.value && <span class="trouble">{problem.value}</span>}
        {verdict.value && <Said verdict={verdict.value} />}
      </span>
    </>
  );
}

function Said({ verdict }: { verdict: Verdict }) {
  if (!verdict.good) {
    return (
      <>
        <StateWord state="down" word="broken" /> {verdict.problem}; the {verdict.entries} before it
        are as they were written
      </>
    );
  }
  return (
    <>
      <StateWord state="up" word="whole" /> {verdict.entries} entries, all as they were written;
      head <code title={verdict.head}>{verdict.head.slice(0, 12)}…</code>
    </>
  );
}
