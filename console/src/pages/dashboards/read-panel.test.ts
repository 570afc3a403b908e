import { expect, test } from "vitest";
import { readPanel } from "./read-panel";

const PLACE = { x: 0, y: 0, width: 12, height: 8 };
const read = (panel: Record<string, unknown>) =>
  readPanel({ type: "stat", targets: [{ expr: "up" }], ...panel }, PLACE);

test("a type that nobody draws is named", () => {
  const panel = read({ type: "piechart" });
  expect([panel.kind, panel.notUnderstood]).toEqual([null, ["type piechart"]]);
});

test.each([
  [{ transformations: [{ id: "merge" }] }, "transformations.merge"],
  [{ options: { strange: 1 } }, "options.strange"],
  [{ options: { reduceOptions: { calcs: ["p95"] } } }, "reduceOptions.calcs.p95"],
  [{ fieldConfig: { defaults: { unit: "parsecs" } } }, "unit parsecs"],
  [
    { fieldConfig: { overrides: [{ matcher: { id: "byType", options: "x" } }] } },
    "overrides.byType",
  ],
  [{ fieldConfig: { defaults: { custom: { strange: 1 } } } }, "custom.strange"],
  [{ datasource: { type: "loki", uid: "l" } }, "datasource loki"],
  [{ targets: [{ refId: "B", rawSql: "select 1" }] }, "query B, which has no expr"],
  [{ repeat: "host" }, "repeat"],
  [{ title: "of ${host:percentencode}" }, "${host:percentencode}"],
  [{ targets: [{ expr: 'up{host=~"[[host:lucene]]"}' }] }, "[[host:lucene]]"],
  [{ type: "text", options: { content: "since ${__from:date:iso}" } }, "${__from:date:iso}"],
  [{ type: "text", options: { mode: "html", content: "<b>" } }, "mode html"],
])("%j is named", (panel, name) => {
  expect(read(panel).notUnderstood).toEqual([name]);
});

test("ways of writing that are known are not named", () => {
  const expr = 'up{host=~"${host:regex}",job=~"${job:pipe}",zone="${zone.text:csv}"}';
  expect(read({ title: "$host [[job]]", targets: [{ expr }] }).notUnderstood).toEqual([]);
});

test("what only decorates is passed over", () => {
  const panel = {
    options: { colorMode: "value", textMode: "auto" },
    fieldConfig: { defaults: { color: {} } },
  };
  expect(read(panel).notUnderstood).toEqual([]);
});

test("a question to another source is not asked", () => {
  expect(read({ datasource: { type: "loki" } }).targets).toEqual([]);
});

test("a hidden question is not asked", () => {
  expect(read({ targets: [{ expr: "up", hide: true }] }).targets).toEqual([]);
});

test("an old graph has its unit, its bounds and its thresholds", () => {
  const { look, drawing } = read({
    type: "graph",
    yaxes: [{ format: "s", min: "0", max: null }],
    thresholds: [{ value: 5, op: "gt", colorMode: "critical" }],
    stack: true,
    fill: 3,
  });
  expect([look.unit, look.min, look.max]).toEqual(["s", 0, null]);
  expect(look.thresholds).toEqual([
    { from: -Infinity, tone: null },
    { from: 5, tone: "down" },
  ]);
  expect(drawing).toMatchObject({ stacked: true, fill: 0.3, bands: true });
});

test("an override holds for the series of its name", () => {
  const properties = [{ id: "unit", value: "bytes" }];
  const { overrides } = read({
    fieldConfig: { overrides: [{ matcher: { id: "byName", options: "a" }, properties }] },
  });
  expect([overrides[0]!.matches("a"), overrides[0]!.matches("b"), overrides[0]!.look]).toEqual([
    true,
    false,
    { unit: "bytes" },
  ]);
});
