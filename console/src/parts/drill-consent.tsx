import { api, told } from "../api/client";
import type { Waiting } from "../api/types";
import { ask } from "./ask";
import { Consent } from "./consent";
import { Dialog } from "./dialog";
import { useFate } from "./fate";
import { Field } from "./field";
import { idOf, nameIn, waits } from "./waiting";

interface Props {
  item: Waiting;
  approves: boolean;
  close: () => void;
}

/** A second person's yes or no to a drill that hurts what is in production. */
export function DrillConsent({ item }: { item: Waiting }) {
  const answer = (approves: boolean) =>
    ask((close) => <DrillDialog item={item} approves={approves} close={close} />);
  return <Consent answer={answer} />;
}

function DrillDialog({ item, approves, close }: Props) {
  const name = nameIn(item);
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
