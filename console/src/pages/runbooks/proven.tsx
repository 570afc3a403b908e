/** Whether drills have exercised what takes a runbook back. */

import type { Runbook } from "../../api/types";
import { StateWord } from "../../parts/state";

export function Proven({ runbook }: { runbook: Runbook }) {
  if (runbook.proven === null) return <span class="faint">none to prove</span>;
  if (runbook.proven) return <StateWord state="up" word="proven" />;
  return (
    <>
      <StateWord state="degraded" word="unproven" />{" "}
      <span class="faint">{runbook.unproven.join(", ")}</span>
    </>
  );
}
