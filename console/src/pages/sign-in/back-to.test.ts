import { expect, test } from "vitest";
import { backTo } from "./back-to";

test("one goes back to the page one came from", () => {
  expect(backTo("/incidents/INC-1?x=1", "/")).toBe("/incidents/INC-1?x=1");
});

test.each(["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil", undefined])(
  "%s leads to the overview",
  (from) => {
    expect(backTo(from, "/")).toBe("/");
  },
);

test("below a prefix, what is outside of it is no page of ours", () => {
  expect(backTo("/other/", "/opsbook/")).toBe("/opsbook/");
});
