/** What the server refused, or that it did not answer, in words for people. */

export class Problem extends Error {
  /** `status` is 0 where nobody answered. */
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

/** Reads problem details (RFC 9457); anything else is told by its status. */
export function problemOf(response: Response, body: unknown): Problem {
  const detail = (body as { detail?: unknown } | null | undefined)?.detail;
  const said = typeof detail === "string" ? detail : `the server answered ${response.status}`;
  return new Problem(response.status, said);
}
