import { expect, test } from "vitest";
import { withQuery } from "./query";

test("a value is added beside the others", () => {
  expect(withQuery("/alerts?tab=history", "text", "a b")).toBe("/alerts?tab=history&text=a+b");
});

test("an empty value leaves no trace in the address", () => {
  expect(withQuery("/alerts?text=a", "text", "")).toBe("/alerts");
});
