import { api, told } from "../../api/client";
import type { Waiting } from "../../api/types";
import { Dialog } from "../../parts/dialog";
import { useFate } from "../../parts/fate";
import { Field } from "../../parts/field";
import { idOf, waits } from "./waits";

interface Props {
  item: Waiting;
  approves: boolean;
  close: () => void;
}

/** A second person's yes or no to a drill that hurts what is in production. */
export function DrillDialog({ item, approves, close }: Props) {
  const name = decodeURIComponent(item.link.split("/").at(-1) ?? "");
  const fate = useFate(!waits(item), name, item.since, "It does not wait any more");
  const params = { path: { name, run: idOf(item) } };
  const act = async ({ why = "" }: Record<string, string>) => {
    if (approves) await told(api.POST("/api/drills/{name}/runs/{run}/approval", { params }));
    else await told(api.POST("/api/drills/{name}/runs/{run}/refusal", { params, body: { why } }));
    return `The drill is ${approves ? "approved" : "refused"}`;
  };
  const doing = approves ? "Approve" : "Refuse";
  return (
    <Dialog
      title={`${doing} the drill ${name}?`}
      doing={doing}
      danger={!approves}
      fate={fate}
      act={act}
      close={close}
    >
      <p>{item.what}</p>
      {!approves && <Field label="Why" name="why" required />}
    </Dialog>
  );
}
