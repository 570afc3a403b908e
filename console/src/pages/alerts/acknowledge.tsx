/** Saying that somebody works on an alert. */

import type { Alert } from "../../api/types";
import { api, told } from "../../api/client";
import { useAlertFate } from "../../parts/alert-fate";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { session } from "../../session";

const TIMES = [
  ["", "until it has ended"],
  ["3600", "for 1 h"],
  ["14400", "for 4 h"],
  ["28800", "for 8 h"],
] as const;

export function AcknowledgeAlert({ alert, close }: { alert: Alert; close: () => void }) {
  const fate = useAlertFate(alert);
  const act = async (values: Record<string, string>) => {
    await told(
      api.POST("/api/alerts/acknowledgements", {
        body: {
          alerts: [alert.fingerprint],
          by: "",
          why: values["why"] ?? "",
          assignee: values["assignee"] ?? "",
          seconds: values["seconds"] ? Number(values["seconds"]) : null,
        },
      }),
    );
    return `${alert.name} is acknowledged`;
  };
  return (
    <Dialog
      title={`Acknowledge ${alert.name}`}
      doing="Acknowledge"
      fate={fate}
      act={act}
      close={close}
    >
      <p>Its notices are not repeated meanwhile.</p>
      <Field label="Why" name="why" hint="What is known, what is done about it" />
      <Field
        label="Who has it"
        name="assignee"
        value={session.value.person?.name ?? ""}
        hint="You, or whom you gave it to"
      />
      <Field label="Repeats are held" name="seconds" choices={TIMES} value="" />
    </Dialog>
  );
}
