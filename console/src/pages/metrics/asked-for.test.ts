import { expect, test } from "vitest";
import { askedFor, written } from "./asked-for";

test("what is asked for comes back from the address as it was", () => {
  const asked = {
    expressions: ['up{job="a&b"}', "rate(x[5m]) + 1"],
    from: "now-6h",
    to: "now",
    view: "table",
    refresh: "5s",
  } as const;
  expect(askedFor(written(asked))).toEqual(asked);
});

test("without an address there is an empty box over the last hour", () => {
  expect(askedFor("")).toMatchObject({
    expressions: [""],
    from: "now-1h",
    to: "now",
    view: "chart",
  });
});
