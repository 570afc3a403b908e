/** The typed client of the API under `/api/`. Its types are generated from the API's document. */

import createClient, { type Middleware } from "openapi-fetch";
import { base } from "../place";
import { session } from "../session";
import { Problem, problemOf } from "./problem";
import type { paths } from "./schema";

const CHANGES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** A change carries proof that it comes from our own page, and a key: sent twice, it is done once. */
const proving: Middleware = {
  onRequest({ request }) {
    if (CHANGES.has(request.method)) {
      const token = session.value.csrf;
      if (token) request.headers.set("X-Opsbook-CSRF", token);
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: base.replace(/\/$/, "") });
api.use(proving);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer. Throws Problem where it was refused, or nobody answered. */
export async function told<T>(asking: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asking;
  } catch {
    throw new Problem(0, "Opsbook does not answer; nothing is known of what became of this");
  }
  if (!answer.response.ok) throw problemOf(answer.response, answer.error);
  return answer.data as T;
}
