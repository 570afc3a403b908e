/** What is wrong with an expression, and where. */

import { placeOfProblem } from "./place-of-problem";

export function QueryProblem({ expression, message }: { expression: string; message: string }) {
  const { what, at } = placeOfProblem(expression, message);
  return (
    <div class="query-problem" role="alert">
      <p class="trouble">{what}</p>
      {at !== null && (
        <>
          <pre>
            {expression.slice(0, at)}
            <mark>{expression.slice(at, at + 1) || " "}</mark>
            {expression.slice(at + 1)}
          </pre>
          <p class="faint">at character {at + 1}</p>
        </>
      )}
    </div>
  );
}
