import { expect, test } from "vitest";
import { barSpan, percentText, periodName, summary, troubles } from "./beats";

const bars = (["up", "down", "degraded", "up", "unknown", "late"] as const).map((state) => ({
  state,
}));

test("bars in trouble that follow each other are one trouble", () => {
  expect(troubles(bars)).toBe(2);
});

test("a summary tells the share of the time and the troubles", () => {
  expect(summary(bars, 99.25)).toBe("99.25 % up, 2 troubles; 83 % measured");
});

test("what was never measured has no share", () => {
  expect(summary([{ state: "unknown" }], null)).toBe("not measured");
});

test("a share below 100 is never shown as 100", () => {
  expect(percentText(99.9999)).toBe("99.99 %");
});

test("a period is called by its days", () => {
  expect(periodName("2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z")).toBe("24 h");
  expect(periodName("2026-11-14T10:00:00Z", "2026-11-21T10:00:00Z")).toBe("7 d");
});

test("a bar has its part of the time", () => {
  const [from, until] = barSpan("2026-11-21T10:00:00Z", "2026-11-21T12:00:00Z", 4, 1);
  expect([from, until]).toEqual([
    Date.parse("2026-11-21T10:30:00Z"),
    Date.parse("2026-11-21T11:00:00Z"),
  ]);
});
