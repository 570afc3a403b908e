import { expect, test } from "vitest";
import { legendOf } from "./legend";

const LABELS = { __name__: "up", job: "a", service: "api" };

test.each([
  ["{{service}} of {{ job }}", "api of a"],
  ["{{nothing}}!", "!"],
  ["Uptime %", "Uptime %"],
  ["__auto", 'up{job="a", service="api"}'],
])("%s", (format, name) => {
  expect(legendOf(format, LABELS, "up")).toBe(name);
});

test("without a format and without labels the expression is the name", () => {
  expect(legendOf("", {}, "sum(up)")).toBe("sum(up)");
});
