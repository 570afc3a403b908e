/** Making a silence: of what, for how long, and why. */

import { api, told } from "../../api/client";
import type { Alert } from "../../api/types";
import { useAlertFate } from "../../parts/alert-fate";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { matchersOf } from "./matching";

const RESOLVED = "resolved";
const TIMES = [
  ["3600", "for 1 h"],
  ["14400", "for 4 h"],
  ["28800", "for 8 h"],
  [RESOLVED, "until resolved"],
] as const;

/** Of an alert; what is asked for may be changed to more than that. */
export function SilenceAlert({ alert, close }: { alert: Alert; close: () => void }) {
  const fate = useAlertFate(alert);
  return <SilenceDialog matchers={matchersOf(alert.labels)} fate={fate} close={close} />;
}

interface Props {
  matchers: string;
  fate?: string | null;
  close: () => void;
}

export function SilenceDialog({ matchers, fate = null, close }: Props) {
  const act = async (values: Record<string, string>) => {
    const resolved = values["for"] === RESOLVED;
    await told(
      api.POST("/api/silences", {
        body: {
          matchers: values["matchers"] ?? "",
          by: "",
          why: values["why"] ?? "",
          seconds: resolved ? null : Number(values["for"]),
          until_resolved: resolved,
          interval: "",
        },
      }),
    );
    return "The silence holds";
  };
  return (
    <Dialog title="New silence" doing="Silence" fate={fate} act={act} close={close}>
      <Field
        label="Matchers"
        name="matchers"
        value={matchers}
        hint={
          'All must fit: name="value", name=~"pattern", name!="value". Leave some out to silence more.'
        }
        long
        required
      />
      <Field label="How long" name="for" choices={TIMES} value="3600" />
      <Field label="Why" name="why" required hint="For whoever wonders why nobody was told" />
    </Dialog>
  );
}
