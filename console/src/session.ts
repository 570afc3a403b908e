/** Who looks: nobody, or a person who signed in. */

import { signal } from "@preact/signals";
import type { components } from "./api/schema";
import { at } from "./place";

export type Session = components["schemas"]["SessionView"];
export type RoleName = components["schemas"]["Role"];

export const ROLES: readonly RoleName[] = ["viewer", "operator", "approver", "admin"];

export const session = signal<Session>({ person: null, csrf: null, expires_at: null, ways: [] });

/** Whether the one who looks may do what takes `role`. */
export function allows(role: RoleName): boolean {
  const person = session.value.person;
  return person !== null && ROLES.indexOf(person.role) >= ROLES.indexOf(role);
}

/** Ask the server who we are. Not through the typed client: that one needs the answer. */
export async function renewSession(): Promise<void> {
  const answer = await fetch(at("api/session"), { headers: { Accept: "application/json" } });
  if (answer.ok) session.value = (await answer.json()) as Session;
}
