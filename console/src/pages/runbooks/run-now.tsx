/** The question before a run: why, and from class 2 on the name of what it changes. */

import { api, told } from "../../api/client";
import { Problem } from "../../api/problem";
import type { Runbook } from "../../api/types";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { withValues } from "../../parts/run-table";

interface Props {
  runbook: Runbook;
  given: Record<string, unknown>;
  /** What has to be typed; nothing below class 2. */
  confirm: string;
  incident: string;
  refused: (detail: string) => boolean;
  begun: (id: string) => void;
  close: () => void;
}

export function RunNow({ runbook, given, confirm, incident, refused, begun, close }: Props) {
  const act = async (values: Record<string, string>) => {
    const body = {
      parameters: given,
      why: values["why"] ?? "",
      confirm: values["confirm"] ?? "",
      incident: incident || null,
      by: "",
    };
    try {
      const params = { path: { name: runbook.name } };
      const { id } = await told(api.POST("/api/runbooks/{name}/runs", { params, body }));
      begun(id);
    } catch (error) {
      if (error instanceof Problem) refused(error.message);
      throw error;
    }
  };
  const danger = runbook.run_class >= 2;
  return (
    <Dialog title={`Run ${runbook.name}?`} doing="Run now" danger={danger} act={act} close={close}>
      {Object.keys(given).length > 0 && <p class="mono">{withValues(given)}</p>}
      {incident && <p>For incident {incident}</p>}
      {runbook.run_class >= 3 && <p>It waits for a second person's approval.</p>}
      <Field label="Why" name="why" required />
      {confirm && <Field label={`Type ${confirm} to confirm`} name="confirm" required />}
    </Dialog>
  );
}
