/** A button for those who may; for others it says what it takes. */

import type { ComponentChildren } from "preact";
import { at } from "../place";
import { allows, type RoleName, session } from "../session";

interface Props {
  role?: RoleName;
  onClick: () => void;
  danger?: boolean;
  children: ComponentChildren;
  label?: string;
}

export function ActButton({ role = "operator", onClick, danger, children, label }: Props) {
  if (allows(role)) {
    return (
      <button
        class={danger ? "danger" : ""}
        onClick={onClick}
        {...(label && { "aria-label": label })}
      >
        {children}
      </button>
    );
  }
  if (session.value.person === null) {
    return (
      <a class="button quiet" href={at("sign-in")}>
        Sign in to act
      </a>
    );
  }
  return <span class="faint">needs the role {role}</span>;
}
