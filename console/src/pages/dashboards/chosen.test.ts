import { expect, test } from "vitest";
import { chosenFor } from "./chosen";
import { readBoard } from "./read-board";
import { shaped } from "./variable-query";

function variable(given: object) {
  const list = [{ name: "v", type: "custom", query: "a, b", ...given }];
  return readBoard({ panels: [], templating: { list } }).variables[0]!;
}

test("the address comes first", () => {
  expect(chosenFor(variable({}), new URLSearchParams("var-v=b&var-v=a"))).toEqual(["b", "a"]);
});

test("then what the dashboard chose, if it is still there", () => {
  expect(chosenFor(variable({ current: { value: "b" } }), new URLSearchParams())).toEqual(["b"]);
  expect(chosenFor(variable({ current: { value: "gone" } }), new URLSearchParams())).toEqual(["a"]);
});

test("then all, where all may be chosen", () => {
  expect(chosenFor(variable({ includeAll: true }), new URLSearchParams())).toEqual(["$__all"]);
});

test("a text box holds what stands in it", () => {
  expect(chosenFor(variable({ type: "textbox", query: "x" }), new URLSearchParams())).toEqual([
    "x",
  ]);
});

test("a pattern picks its group out of what was found", () => {
  const found = ['up{job="a"} 1 0', 'up{job="b"} 1 0', "up 1 0"];
  expect(shaped(found, '/job="([^"]+)"/').map((each) => each.value)).toEqual(["a", "b"]);
});
