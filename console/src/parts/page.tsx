/** A page: its title also names the tab, and gets the focus, so that it is read out. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { now } from "../live/platform";

interface Props {
  title: string;
  /** Beside the title: states, buttons. */
  beside?: ComponentChildren;
  children?: ComponentChildren;
}

export function Page({ title, beside, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const platform = now.value?.platform ?? "Opsbook";
  useEffect(() => {
    document.title = `${title} · ${platform}`;
  }, [title, platform]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [title]);
  return (
    <>
      <header class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {beside}
      </header>
      {children}
    </>
  );
}
