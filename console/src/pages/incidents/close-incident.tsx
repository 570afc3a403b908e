/** Closing an incident with what was done and learned; against what the checks say only by consent. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import { Problem } from "../../api/problem";
import type { Incident } from "../../api/types";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";

export function CloseIncident({ incident, close }: { incident: Incident; close: () => void }) {
  const refused = useSignal(false);
  const act = async (values: Record<string, string>) => {
    const body = {
      resolution: values["resolution"] ?? "",
      lessons: values["lessons"] ?? "",
      unrecovered: values["unrecovered"] === "yes",
      by: "",
    };
    const params = { path: { number: incident.id } };
    try {
      await told(api.POST("/api/incidents/{number}/close", { params, body }));
    } catch (error) {
      refused.value = error instanceof Problem && error.status === 409;
      throw error;
    }
    return `${incident.id} is closed`;
  };
  return (
    <Dialog title={`Close ${incident.id}`} doing="Close" act={act} close={close}>
      <Field label="Resolution" name="resolution" long required hint="What was done" />
      <Field label="Lessons" name="lessons" long hint="What was learned, what shall change" />
      {refused.value && (
        <p>
          <label>
            <input type="checkbox" name="unrecovered" value="yes" /> Close it though something says
            that it has not recovered
          </label>
        </p>
      )}
    </Dialog>
  );
}
