import { api, told } from "../../api/client";
import { Problem } from "../../api/problem";
import { services } from "../../live/platform";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";

export function RestartDialog({ service, close }: { service: string; close: () => void }) {
  const isUp = services.value[service]?.state === "up";
  const act = async ({ why = "" }: Record<string, string>) => {
    const answer = await told(api.POST("/api/mobile/restart", { body: { service, why } }));
    const [done] = answer.services;
    if (done?.result !== "restarted") {
      throw new Problem(0, `${done?.result ?? "nothing was done"}: ${done?.message ?? ""}`);
    }
    return `${service} was restarted: ${done.message || "its checks are up"}`;
  };
  return (
    <Dialog
      title={`Restart ${service}?`}
      doing={`Restart ${service}`}
      fate={isUp ? `${service} is up again` : null}
      act={act}
      close={close}
    >
      <p>It is restarted only if it is down and a restart can mend that.</p>
      <Field label="Why" name="why" hint="For the ledger" />
    </Dialog>
  );
}
