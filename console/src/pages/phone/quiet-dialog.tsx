import { api, told } from "../../api/client";
import type { Alert } from "../../api/types";
import { useAlertFate } from "../../parts/alert-fate";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { matchersOf } from "../alerts/matching";

interface Props {
  alert: Alert;
  hours: number;
  close: () => void;
}

/** A silence for exactly one alert. */
export function QuietDialog({ alert, hours, close }: Props) {
  const fate = useAlertFate(alert);
  const act = async ({ why = "" }: Record<string, string>) => {
    const body = {
      matchers: matchersOf(alert.labels),
      by: "",
      why,
      seconds: hours * 3_600,
      until_resolved: false,
      interval: "",
    };
    await told(api.POST("/api/silences", { body }));
    return `${alert.name} is silent for ${hours} h`;
  };
  return (
    <Dialog
      title={`Silence ${alert.name} for ${hours} h?`}
      doing="Silence"
      fate={fate}
      act={act}
      close={close}
    >
      <p>Nobody is told of it meanwhile.</p>
      <Field label="Why" name="why" value="silenced from the phone" required />
    </Dialog>
  );
}
