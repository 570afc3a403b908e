import { expect, test } from "vitest";
import { quantities, scaleOf } from "./scale";

const availability = {
  value: 99.7,
  unit: "percent",
  direction: "higher",
  target: "> 99.9 %",
  warning: "< 99.5 %",
  critical: "< 99 %",
};

test("quantities are read in base units", () => {
  expect(quantities("< 200ms")).toEqual([0.2]);
  expect(quantities("from 1h30m to 2h")).toEqual([5400, 7200]);
  expect(quantities("≥ 512 MiB")).toEqual([512 * 2 ** 20]);
});

test("where more is better the line goes from critical to met", () => {
  const states = scaleOf(availability)?.zones.map((each) => each.state);
  expect(states).toEqual(["critical", "warning", "off_target", "met"]);
});

test("where less is better the line begins with met", () => {
  const latency = { ...availability, value: 0.1, unit: "seconds", direction: "lower" };
  const scale = scaleOf({ ...latency, target: "< 200ms", warning: "> 500ms", critical: "> 1s" });
  expect(scale?.zones.map((each) => each.state)).toEqual([
    "met",
    "off_target",
    "warning",
    "critical",
  ]);
});

test("the zones fill the line", () => {
  const widths = scaleOf(availability)?.zones.map((each) => each.width) ?? [];
  expect(widths.reduce((sum, each) => sum + each, 0)).toBeCloseTo(100);
});

test("a value that is not known has no place", () => {
  expect(scaleOf({ ...availability, value: null })?.value).toBeNull();
});

test("a band has trouble on both sides", () => {
  const load = { ...availability, value: 50, direction: "band", target: "from 40 % to 60 %" };
  const scale = scaleOf({ ...load, warning: null, critical: null });
  expect(scale?.zones.map((each) => each.state)).toEqual(["warning", "met", "warning"]);
});
