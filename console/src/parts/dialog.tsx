/** A question before something is done: a form in a modal dialog, which says why it was refused. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { say } from "./said";

interface Props {
  title: string;
  /** What the button says, such as `Restart api-gateway`. */
  doing: string;
  danger?: boolean;
  children?: ComponentChildren;
  /** The values of the form by name. What it returns is said when the dialog has closed. */
  act: (values: Record<string, string>) => Promise<string | void>;
  close: () => void;
}

export function Dialog({ title, doing, danger, children, act, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const problem = useSignal("");
  const busy = useSignal(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    problem.value = "";
    try {
      const done = await act(Object.fromEntries(values) as Record<string, string>);
      if (done) say(done);
      close();
    } catch (error) {
      problem.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="dialog-title">
      <form onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        {problem.value && (
          <p class="trouble" role="alert">
            {problem.value}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={busy.value}>
            {busy.value ? "…" : doing}
          </button>
        </div>
      </form>
    </dialog>
  );
}
