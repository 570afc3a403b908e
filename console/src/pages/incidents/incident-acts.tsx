/** What people do with an incident. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Incident } from "../../api/types";
import { ActButton } from "../../parts/act-button";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { at } from "../../place";
import { allows } from "../../session";
import { CloseIncident } from "./close-incident";

type Asking = "" | "acknowledge" | "remark" | "status" | "close";

export function IncidentActs({ incident }: { incident: Incident }) {
  const asking = useSignal<Asking>("");
  const close = () => (asking.value = "");
  const ask = (what: Asking) => () => (asking.value = what);
  const live = incident.state === "open" || incident.state === "acknowledged";
  if (!allows("operator")) {
    return (
      <p>
        <ActButton onClick={close}>Act</ActButton>
      </p>
    );
  }
  return (
    <div class="incident-acts">
      {live && <ActButton onClick={ask("acknowledge")}>Acknowledge</ActButton>}
      <ActButton onClick={ask("remark")}>Remark</ActButton>
      {incident.state !== "closed" && (
        <>
          <ActButton onClick={ask("status")}>Status update</ActButton>
          <ActButton onClick={ask("close")}>Close</ActButton>
          <a class="button" href={at(`runbooks?incident=${encodeURIComponent(incident.id)}`)}>
            Run a runbook
          </a>
        </>
      )}
      {asking.value === "acknowledge" && <Acknowledge incident={incident} close={close} />}
      {asking.value === "remark" && <Remark incident={incident} close={close} />}
      {asking.value === "status" && <StatusUpdate incident={incident} close={close} />}
      {asking.value === "close" && <CloseIncident incident={incident} close={close} />}
    </div>
  );
}

interface Props {
  incident: Incident;
  close: () => void;
}

function Acknowledge({ incident, close }: Props) {
  const act = async (values: Record<string, string>) => {
    const body = { note: values["note"] ?? "", by: "" };
    const params = { path: { number: incident.id } };
    await told(api.POST("/api/incidents/{number}/ack", { params, body }));
    return "You have it: nobody else is paged";
  };
  return (
    <Dialog title={`Acknowledge ${incident.id}`} doing="Acknowledge" act={act} close={close}>
      <p>You have it then: nobody else is paged, and its alerts are not repeated.</p>
      <Field label="Note" name="note" />
    </Dialog>
  );
}

function Remark({ incident, close }: Props) {
  const act = async (values: Record<string, string>) => {
    const body = { text: values["text"] ?? "", by: "" };
    const params = { path: { number: incident.id } };
    await told(api.POST("/api/incidents/{number}/note", { params, body }));
  };
  return (
    <Dialog title="Remark" doing="Add" act={act} close={close}>
      <Field label="Text" name="text" long required hint="It stays in the ledger" />
    </Dialog>
  );
}

function StatusUpdate({ incident, close }: Props) {
  const act = async (values: Record<string, string>) => {
    const body = { text: values["text"] ?? "", by: "", public: values["public"] === "yes" };
    const params = { path: { number: incident.id } };
    await told(api.POST("/api/incidents/{number}/status", { params, body }));
    return "Whoever was paged is told";
  };
  return (
    <Dialog title="Status update" doing="Tell" act={act} close={close}>
      <Field
        label="How it stands"
        name="text"
        long
        required
        hint="Whoever was paged is told this"
      />
      <p>
        <label>
          <input type="checkbox" name="public" value="yes" /> Also on the public status page
        </label>
      </p>
    </Dialog>
  );
}
