/** Maintenance: what it would do now, doing it, and what came of it. */

import { useSignal } from "@preact/signals";
import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { ActButton } from "../../parts/act-button";
import { useAsked } from "../../parts/asked";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { Trouble } from "../../parts/trouble";
import { Round } from "./round";

type Task = components["schemas"]["TaskStatus"];
type Rhythm = components["schemas"]["CareStatus"];

const CONFIRMED = 2;

interface Props {
  name: string;
  rhythm: Rhythm;
  /** Told when somebody signed. */
  changed: () => void;
}

export function Care({ name, rhythm, changed }: Props) {
  const asking = useSignal(false);
  const signing = useSignal(false);
  const rounds = useSignal(0);
  const { asked, again } = useAsked(
    () => told(api.GET("/api/databases/{name}/plan", { params: { path: { name } } })),
    [name],
  );
  const tasks = asked.value.data ?? [];
  const needsName = tasks.some((each) => each.action_class >= CONFIRMED);
  return (
    <section aria-labelledby="care">
      <h2 id="care">Maintenance of {name}</h2>
      <Trouble asked={asked.value} />
      {asked.value.data && tasks.length === 0 && <p class="faint">The book asks for none.</p>}
      {tasks.length > 0 && (
        <>
          <p class="faint">A dry run: this is what it would do now. Nothing has been changed.</p>
          <ol class="tasks">
            {tasks.map((each) => (
              <TaskItem key={each.name} task={each} />
            ))}
          </ol>
          <p class="bar">
            <button onClick={again}>Plan anew</button>
            <ActButton onClick={() => (asking.value = true)}>Do it</ActButton>
            {rhythm.needs_signature && !rhythm.signed_by && (
              <ActButton role="approver" onClick={() => (signing.value = true)}>
                Sign for it
              </ActButton>
            )}
          </p>
        </>
      )}
      <Round name={name} turn={rounds.value} />
      {asking.value && (
        <Dialog
          title={`Maintain ${name}`}
          doing="Do it"
          danger={needsName}
          close={() => (asking.value = false)}
          act={async ({ why = "", confirm = "" }) => {
            const params = { path: { name } };
            const body = { why, confirm, by: "" };
            await told(api.POST("/api/databases/{name}/maintenance", { params, body }));
            rounds.value += 1;
            return "Maintenance is under way.";
          }}
        >
          <Field label="Why" name="why" required />
          {needsName && (
            <Field
              label="The database's name"
              name="confirm"
              hint="Typed, it lets tasks of class 2 be done. Without it they are refused."
            />
          )}
        </Dialog>
      )}
      {signing.value && (
        <Dialog
          title={`Sign for ${name}`}
          doing="Sign"
          danger
          close={() => (signing.value = false)}
          act={async ({ why = "" }) => {
            const params = { path: { name } };
            const body = { why, by: "", digest: rhythm.digest };
            await told(api.POST("/api/databases/{name}/signature", { params, body }));
            changed();
            return "Signed: what the book asks for is done by itself.";
          }}
        >
          <p>Tasks of class 2 will be done by themselves, until the book asks for others.</p>
          <Field label="Why" name="why" required />
        </Dialog>
      )}
    </section>
  );
}

function TaskItem({ task }: { task: Task }) {
  return (
    <li>
      <strong>{task.name}</strong> <span class="faint">class {task.action_class}</span>
      {task.preview && <> · {task.preview}</>}
      {task.needs && <div class="faint">needs {task.needs}</div>}
      {task.refused && <div class="trouble">would be refused: {task.refused}</div>}
      {task.statements.length > 0 && <pre tabIndex={0}>{task.statements.join("\n")}</pre>}
    </li>
  );
}
