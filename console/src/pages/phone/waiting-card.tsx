import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Waiting } from "../../api/types";
import { runs } from "../../live/platform";
import { ActButton } from "../../parts/act-button";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { Ago } from "../../parts/moment";
import { RunQuestion } from "../../parts/run-question";
import { at } from "../../place";

/** Something that waits for a person, with the answer to it where that is one press. */
export function WaitingCard({ item }: { item: Waiting }) {
  const path = item.link.replace(/^\//, "");
  const run = runs.value[idOf(item)];
  return (
    <article class="tile tone-edge-late">
      {run ? <RunQuestion run={run} /> : <Asked item={item} />}
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
      <Answer item={item} />
    </>
  );
}

function Answer({ item }: { item: Waiting }) {
  const asking = useSignal(false);
  const drill = item.kind === "drill";
  if (!drill && item.kind !== "acknowledgement") return null;
  const doing = drill ? "Approve" : "Acknowledge";
  const act = async ({ why = "" }: Record<string, string>) => {
    await (drill ? approveDrill(item) : acknowledge(item, why));
    return drill ? "The drill is approved" : "You have it";
  };
  return (
    <div class="actions">
      <ActButton role={drill ? "approver" : "operator"} onClick={() => (asking.value = true)}>
        {doing}
      </ActButton>
      {asking.value && (
        <Dialog title={`${doing}?`} doing={doing} act={act} close={() => (asking.value = false)}>
          <p>{item.what}</p>
          {!drill && <Field label="Remark" name="why" />}
        </Dialog>
      )}
    </div>
  );
}

function idOf({ key }: Waiting): string {
  return key.slice(key.indexOf(":") + 1);
}

async function approveDrill(item: Waiting): Promise<void> {
  const name = decodeURIComponent(item.link.split("/").at(-1) ?? "");
  const path = { name, run: idOf(item) };
  await told(api.POST("/api/drills/{name}/runs/{run}/approval", { params: { path } }));
}

/** Of an incident or of an alert: its page tells which. */
async function acknowledge(item: Waiting, why: string): Promise<void> {
  const id = idOf(item);
  if (item.link.startsWith("/incidents/")) {
    const params = { path: { number: id } };
    await told(api.POST("/api/incidents/{number}/ack", { params, body: { note: why, by: "" } }));
  } else {
    await told(
      api.POST("/api/alerts/acknowledgements", {
        body: { alerts: [id], by: "", why, assignee: "" },
      }),
    );
  }
}
