import { expect, test } from "vitest";
import { readBoard } from "./read-board";

const PANEL = {
  id: 1,
  type: "stat",
  title: "a",
  gridPos: { x: 0, y: 3, w: 6, h: 4 },
  targets: [{ expr: "up" }],
};

test("a dashboard is the same in the form that the API of Grafana gives", () => {
  const plain = { title: "t", panels: [PANEL] };
  expect(readBoard({ dashboard: plain, meta: {} })).toEqual(readBoard(plain));
});

test("panels behind a row belong to it, and so do those that a collapsed one holds", () => {
  const { sections } = readBoard({
    panels: [
      PANEL,
      { type: "row", title: "open", gridPos: { x: 0, y: 8, w: 24, h: 1 } },
      { ...PANEL, title: "b", gridPos: { x: 0, y: 9, w: 6, h: 4 } },
      {
        type: "row",
        title: "shut",
        collapsed: true,
        gridPos: { x: 0, y: 14, w: 24, h: 1 },
        panels: [PANEL],
      },
    ],
  });
  const told = sections.map((each) => [
    each.title,
    each.collapsed,
    each.panels.map((panel) => panel.title),
  ]);
  expect(told).toEqual([
    [null, false, ["a"]],
    ["open", false, ["b"]],
    ["shut", true, ["a"]],
  ]);
});

test("rows of old dashboards fill twelve columns from left to right", () => {
  const panels = [4, 8, 6].map((span) => ({ type: "graph", span }));
  const places = readBoard({ rows: [{ height: "304px", panels }] }).sections[0]!.panels;
  expect(places.map(({ x, y, width, height }) => [x, y, width, height])).toEqual([
    [0, 0, 8, 8],
    [8, 0, 16, 8],
    [0, 8, 12, 8],
  ]);
});

test("what a dashboard has beyond its panels and is not understood is named", () => {
  const { notUnderstood } = readBoard({
    panels: [],
    links: [{}],
    annotations: { list: [{ name: "Deploys" }, { name: "own", builtIn: 1 }] },
    templating: { list: [{ name: "filters", type: "adhoc" }] },
  });
  expect(notUnderstood).toEqual(["annotations.Deploys", "links", "templating.filters (adhoc)"]);
});

test("a row that would be repeated is named, and how a title would be written", () => {
  const row = { type: "row", title: "${host:glob}", repeat: "host" };
  const { notUnderstood } = readBoard({ title: "Of ${host:raw}", panels: [row] });
  expect(notUnderstood).toEqual(["repeat of the row ${host:glob}", "${host:glob}"]);
});

test("choices of a custom variable may have names of their own", () => {
  const list = [{ name: "v", type: "custom", query: "a, long name : b, c\\,d" }];
  expect(readBoard({ panels: [], templating: { list } }).variables[0]!.choices).toEqual([
    { text: "a", value: "a" },
    { text: "long name", value: "b" },
    { text: "c,d", value: "c,d" },
  ]);
});
