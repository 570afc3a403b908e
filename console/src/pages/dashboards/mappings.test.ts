import { expect, test } from "vitest";
import { mapped, mappingsOf } from "./mappings";

const MAPPINGS = mappingsOf(
  [
    {
      type: "value",
      options: { "1": { text: "UP", color: "green" }, "0": { text: "DOWN", color: "red" } },
    },
    { type: "range", options: { from: 2, to: null, result: { text: "many" } } },
    { type: "special", options: { match: "null+nan", result: { text: "nothing" } } },
  ],
  () => {},
);

test.each([
  [1, "UP"],
  [0, "DOWN"],
  [7, "many"],
  [null, "nothing"],
  [Number.NaN, "nothing"],
  [0.5, undefined],
])("%s reads as %s", (value, text) => {
  expect(mapped(value, MAPPINGS)?.text).toBe(text);
});

test("a colour of a mapping is a tone", () => {
  expect(mapped(0, MAPPINGS)?.tone).toBe("down");
});

test("a mapping of another kind is named", () => {
  const unknown: string[] = [];
  mappingsOf([{ type: "regex", options: {} }], (name) => unknown.push(name));
  expect(unknown).toEqual(["mappings.regex"]);
});
