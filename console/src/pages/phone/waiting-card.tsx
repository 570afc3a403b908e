import type { Waiting } from "../../api/types";
import { runs } from "../../live/platform";
import { ActButton } from "../../parts/act-button";
import { ask } from "../../parts/ask";
import { Ago } from "../../parts/moment";
import { RunQuestion } from "../../parts/run-question";
import { at } from "../../place";
import { allows } from "../../session";
import { AcknowledgeDialog } from "./acknowledge-dialog";
import { DrillDialog } from "./drill-dialog";
import { idOf } from "./waits";

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
      {item.kind === "drill" && <Drill item={item} />}
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

function Drill({ item }: { item: Waiting }) {
  const answer = (approves: boolean) => () =>
    ask((close) => <DrillDialog item={item} approves={approves} close={close} />);
  return (
    <div class="actions">
      <ActButton role="approver" onClick={answer(true)}>
        Approve
      </ActButton>
      {allows("approver") && (
        <ActButton role="approver" danger onClick={answer(false)}>
          Refuse
        </ActButton>
      )}
    </div>
  );
}
