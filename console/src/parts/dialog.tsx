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
  /** What became meanwhile of what is asked about: said in the dialog, which stays. */
  fate?: string | null;
  /** The values of the form by name. What it returns is said when the dialog has closed. */
  act: (values: Record<string, string>) => Promise<string | void>;
  close: () => void;
}

export function Dialog({ title, doing, danger, children, fate, act, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const problem = useSignal("");
  const busy = useSignal(false);
  useEffect(() => dialog.current?.showModal(), []);
  // The browser gives the focus back to where it was only if the dialog closes before it goes.
  const shut = () => (dialog.current ? dialog.current.close() : close());
  const closed = () => {
    const at = document.activeElement;
    // The button that opened it may be gone, with what it was about.
    if (at === document.body || dialog.current?.contains(at)) document.querySelector("h1")?.focus();
    close();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    problem.value = "";
    try {
      const done = await act(Object.fromEntries(values) as Record<string, string>);
      if (done) say(done);
      shut();
    } catch (error) {
      problem.value = (error as Error).message;
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} onClose={closed} aria-labelledby="dialog-title">
      <form onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        <p class="fate" role="status">
          {!busy.value && fate}
        </p>
        {problem.value && (
          <p class="trouble" role="alert">
            {problem.value}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={shut}>
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
