import type { Waiting } from "../../api/types";
import { runs } from "../../live/platform";
import { ActButton } from "../../parts/act-button";
import { ask } from "../../parts/ask";
import { DrillConsent } from "../../parts/drill-consent";
import { Ago } from "../../parts/moment";
import { RunQuestion } from "../../parts/run-question";
import { idOf } from "../../parts/waiting";
import { at } from "../../place";
import { AcknowledgeDialog } from "./acknowledge-dialog";

/** Something that waits for a person, with the answer to it where that is one press. */
export function WaitingCard({ item }: { item: Waiting }) {
  const path = item.link.replace(/^\//, "");
  const run = runs.value[idOf(item)];
  return (
    <article class="tile tone-edge-late">
      {run?.waiting ? <RunQuestion run={run} /> : <Asked item={item} />}
      <a class="more" href={at(path)}>
        More about it
      </a>
    </article>
  );
}

function Asked({ item }: { item: Waiting }) {
  return (
    <>
      <p>{item.what}</p>
      <p class="faint">
        {item.kind}, <Ago at={item.since} />
        {item.until && (
          <>
            , due <Ago at={item.until} />
          </>
        )}
      </p>
      {item.kind === "acknowledgement" && <Acknowledge item={item} />}
      {item.kind === "drill" && <DrillConsent item={item} />}
    </>
  );
}

function Acknowledge({ item }: { item: Waiting }) {
  const asking = () => ask((close) => <AcknowledgeDialog item={item} close={close} />);
  return (
    <div class="actions">
      <ActButton onClick={asking}>Acknowledge</ActButton>
    </div>
  );
}
