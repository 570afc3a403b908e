import { api, told } from "../../api/client";
import type { Waiting } from "../../api/types";
import { alerts } from "../../live/platform";
import { alertFate } from "../../parts/alert-fate";
import { Dialog } from "../../parts/dialog";
import { useFate } from "../../parts/fate";
import { Field } from "../../parts/field";
import { idOf, waits } from "../../parts/waiting";

/** Saying that one has an incident, or an alert of which no incident tells. */
export function AcknowledgeDialog({ item, close }: { item: Waiting; close: () => void }) {
  const id = idOf(item);
  const ofIncident = item.link.startsWith("/incidents/");
  const known = ofIncident ? null : alertFate(alerts.value[id]);
  const fate = useFate(!waits(item), id, item.since, known ?? "It does not wait any more");
  const act = async ({ why = "" }: Record<string, string>) => {
    await (ofIncident ? acknowledgeIncident(id, why) : acknowledgeAlert(id, why));
    return "You have it";
  };
  return (
    <Dialog title="Acknowledge?" doing="Acknowledge" fate={fate} act={act} close={close}>
      <p>{item.what}</p>
      <Field label="Remark" name="why" />
    </Dialog>
  );
}

async function acknowledgeIncident(number: string, note: string): Promise<void> {
  const params = { path: { number } };
  await told(api.POST("/api/incidents/{number}/ack", { params, body: { note, by: "" } }));
}

async function acknowledgeAlert(fingerprint: string, why: string): Promise<void> {
  const body = { alerts: [fingerprint], by: "", why, assignee: "" };
  await told(api.POST("/api/alerts/acknowledgements", { body }));
}
