import { expect, test } from "vitest";
import type { Found } from "../panel-data";
import { heatRows } from "./heat";

function found(labels: Record<string, string>, values: (number | null)[]): Found {
  return { labels, values, name: labels["host"] ?? "", look: { unit: "s" } } as unknown as Found;
}

test("a bucket is what lies between it and the one below", () => {
  const rows = heatRows([
    found({ le: "+Inf" }, [7]),
    found({ le: "0.1" }, [2]),
    found({ le: "1" }, [5]),
  ]);
  expect(rows).toEqual([
    { name: "≤ 100 ms", values: [2] },
    { name: "≤ 1 s", values: [3] },
    { name: "≤ ∞", values: [2] },
  ]);
});

test("series without bounds are rows as they are", () => {
  expect(heatRows([found({ host: "a" }, [1, null])])).toEqual([{ name: "a", values: [1, null] }]);
});
