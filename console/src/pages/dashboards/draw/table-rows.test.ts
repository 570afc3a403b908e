import { expect, test } from "vitest";
import { rowsOf } from "./table-rows";

test("a question's labels are columns, and so is its value", () => {
  const { columns, rows } = rowsOf([{ labels: { __name__: "up", job: "a" }, value: 1, id: "A" }]);
  expect(columns).toEqual(["job", "Value"]);
  expect(rows[0]).toMatchObject({ job: "a", Value: 1 });
});

test("questions about the same labels share a row", () => {
  const { columns, rows } = rowsOf([
    { labels: { job: "a" }, value: 1, id: "A" },
    { labels: { job: "a" }, value: 2, id: "B" },
  ]);
  expect(columns).toEqual(["job", "Value #A", "Value #B"]);
  expect(rows).toEqual([{ job: "a", "Value #A": 1, "Value #B": 2 }]);
});

test("two series with the same labels and different names keep a row each", () => {
  const { rows } = rowsOf([
    { labels: { __name__: "x", job: "a" }, value: 1, id: "A" },
    { labels: { __name__: "y", job: "a" }, value: 2, id: "A" },
  ]);
  expect(rows.map((each) => each["Value"])).toEqual([1, 2]);
});
