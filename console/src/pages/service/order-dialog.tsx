import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import type { Detail } from "./facts";
import type { OrderResult } from "./order-outcome";

export type Verb = components["schemas"]["NewOrder"]["verb"];

interface Props {
  service: string;
  verb: Verb;
  detail: Detail | null;
  done: (result: OrderResult) => void;
  close: () => void;
}

/** Why, and for what people feel at once also its name. Waits until it is proved or has failed. */
export function OrderDialog({ service, verb, detail, done, close }: Props) {
  const confirmed = verb === "stop" || verb === "scale";
  const doing = `${verb[0]?.toUpperCase()}${verb.slice(1)} ${service}`;
  const act = async (values: Record<string, string>) => {
    const body = {
      verb,
      why: values["why"] ?? "",
      confirm: values["confirm"] ?? "",
      replicas: verb === "scale" ? Number(values["replicas"]) : null,
      by: "",
    };
    done(
      await told(
        api.POST("/api/services/{name}/orders", { params: { path: { name: service } }, body }),
      ),
    );
  };
  return (
    <Dialog title={`${doing}?`} doing={doing} danger={verb === "stop"} act={act} close={close}>
      {detail && detail.dependents.length > 0 && (
        <p>What depends on it will notice: {detail.dependents.join(", ")}.</p>
      )}
      {verb === "scale" && detail?.scale && (
        <Field
          label="Replicas"
          name="replicas"
          type="number"
          required
          hint={`From ${detail.scale.at_least} to ${detail.scale.at_most}; ${detail.scale.step} more or fewer at a time`}
        />
      )}
      <Field label="Why" name="why" required hint="For the ledger" />
      {confirmed && <Field label="Its name" name="confirm" required hint={`Type ${service}`} />}
    </Dialog>
  );
}
