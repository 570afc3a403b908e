/** Something to read in a modal dialog. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  children?: ComponentChildren;
  close: () => void;
}

export function Sheet({ title, children, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="sheet-title">
      <h2 id="sheet-title">{title}</h2>
      {children}
      <div class="buttons">
        <button onClick={() => dialog.current?.close()}>Close</button>
      </div>
    </dialog>
  );
}
