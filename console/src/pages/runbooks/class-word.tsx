/** How much a run may change, and what it wants of people for that. */

const WORDS = [
  "only looks",
  "narrow and reversible",
  "wants a confirmation",
  "wants a second person",
  "is only printed",
];

export function ClassWord({ number }: { number: number }) {
  return (
    <span>
      {number} <span class="faint">{WORDS[number] ?? ""}</span>
    </span>
  );
}
