import { expect, test } from "vitest";
import { withNow } from "./with-now";

test("the newest bar is as bad as it is now", () => {
  expect(withNow(["up", "up"], "down").map((each) => each.state)).toEqual(["up", "down"]);
});

test("what was worse in the newest bar stays", () => {
  expect(withNow(["up", "down"], "up").map((each) => each.state)).toEqual(["up", "down"]);
});

test("a bar of which nothing is known is as it is now", () => {
  expect(withNow(["unknown", "unknown"], "up").map((each) => each.state)).toEqual([
    "unknown",
    "up",
  ]);
});

test("without bars there is nothing to show", () => {
  expect(withNow([], "up")).toEqual([]);
});
