import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { Alert } from "../../api/types";
import { ActButton } from "../../parts/act-button";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { Ago } from "../../parts/moment";
import { toneOf } from "../../parts/severity";
import { allows } from "../../session";
import { matchersOf } from "../alerts/matching";

const HOURS = [1, 4, 8];

/** An alert that fires, and how to have quiet for a while. */
export function FiringCard({ alert }: { alert: Alert }) {
  const hours = useSignal(0);
  const has = alert.acknowledged?.assignee || alert.acknowledged?.by;
  const silence = async ({ why = "" }: Record<string, string>) => {
    const body = {
      matchers: matchersOf(alert.labels),
      by: "",
      why,
      seconds: hours.value * 3_600,
      until_resolved: false,
      interval: "",
    };
    await told(api.POST("/api/silences", { body }));
    return `${alert.name} is silent for ${hours.value} h`;
  };
  return (
    <article class={`tile tone-edge-${toneOf(alert.labels["severity"])}`}>
      <p>
        <b>{alert.name}</b> {alert.annotations["summary"]}
      </p>
      <p class="faint">
        {has ? `${has} has it` : "nobody has it"}, <Ago at={alert.starts_at} />
      </p>
      <div class="actions" role="group" aria-label={`Silence ${alert.name}`}>
        {allows("operator") ? (
          <>
            <span>Silence</span>
            {HOURS.map((each) => (
              <ActButton
                onClick={() => (hours.value = each)}
                label={`Silence ${alert.name} for ${each} h`}
              >
                {each} h
              </ActButton>
            ))}
          </>
        ) : (
          <ActButton onClick={() => undefined}>Silence</ActButton>
        )}
      </div>
      {hours.value > 0 && (
        <Dialog
          title={`Silence ${alert.name} for ${hours.value} h?`}
          doing="Silence"
          act={silence}
          close={() => (hours.value = 0)}
        >
          <p>Nobody is told of it meanwhile.</p>
          <Field label="Why" name="why" value="silenced from the phone" required />
        </Dialog>
      )}
    </article>
  );
}
