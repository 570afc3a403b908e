/** Grafana's JSON of a dashboard, in either form → what is drawn. */

import { type Json, listOf, numberOf, objectOf, objectsOf, textOf } from "./json";
import type { Board, Choice, Panel, Section, Variable } from "./model";
import { type Place, readPanel } from "./read-panel";
import { knowsQuery } from "./variable-query";
import { ALL, strangeFormats } from "./variables";

const COLUMNS = 24;
const VARIABLES = ["query", "custom", "constant", "interval", "textbox", "datasource"] as const;
/** Pixels of a row of the grid, as older dashboards tell heights. */
const ROW = 38;

/** `content`: the dashboard itself, or as the API of Grafana gives it. */
export function readBoard(content: unknown): Board {
  const given = objectOf(objectOf(content)["dashboard"] ?? content);
  const unknown = new Set<string>();
  const told = (name: string) => void unknown.add(name);
  if (given["elements"] ?? objectOf(given["spec"])["elements"])
    told("schema v2: export it as a classic dashboard");
  nameTheRest(given, told);
  const time = objectOf(given["time"]);
  return {
    title: textOf(given["title"]) || "Dashboard",
    description: textOf(given["description"]),
    tags: listOf(given["tags"]).map(textOf).filter(Boolean),
    sections: Array.isArray(given["panels"])
      ? sectionsOf(objectsOf(given["panels"]))
      : oldRows(given),
    variables: objectsOf(objectOf(given["templating"])["list"]).flatMap((each) =>
      variable(each, told),
    ),
    from: textOf(time["from"]) || "now-6h",
    to: textOf(time["to"]) || "now",
    refresh: textOf(given["refresh"]),
    notUnderstood: [...unknown],
  };
}

function nameTheRest(board: Json, unknown: (name: string) => void): void {
  for (const each of objectsOf(objectOf(board["annotations"])["list"])) {
    if (each["builtIn"] !== 1) unknown(`annotations.${textOf(each["name"]) || "?"}`);
  }
  if (listOf(board["links"]).length > 0) unknown("links");
  strangeFormats(textOf(board["title"])).forEach(unknown);
  const rows = objectsOf(board["panels"]).filter((each) => each["type"] === "row");
  for (const row of [...rows, ...objectsOf(board["rows"])]) {
    if (row["repeat"]) unknown(`repeat of the row ${textOf(row["title"]) || "?"}`);
    strangeFormats(textOf(row["title"])).forEach(unknown);
  }
}

/** A panel of the type `row` begins a section; one that is collapsed holds its panels itself. */
function sectionsOf(panels: readonly Json[]): Section[] {
  const sections: { title: string | null; collapsed: boolean; panels: Panel[] }[] = [
    { title: null, collapsed: false, panels: [] },
  ];
  const ordered = panels.map((panel) => ({ panel, place: placeOf(panel) }));
  ordered.sort((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
  for (const { panel, place } of ordered) {
    if (textOf(panel["type"]) !== "row") {
      sections.at(-1)!.panels.push(readPanel(panel, place));
      continue;
    }
    const within = objectsOf(panel["panels"]).map((each) => readPanel(each, placeOf(each)));
    sections.push({
      title: textOf(panel["title"]),
      collapsed: panel["collapsed"] === true,
      panels: within,
    });
  }
  return sections.filter((each) => each.panels.length > 0 || each.title !== null).map(fromTheTop);
}

/** Places count from the section's own beginning. */
function fromTheTop(section: Section): Section {
  const top = Math.min(...section.panels.map((each) => each.y));
  return { ...section, panels: section.panels.map((each) => ({ ...each, y: each.y - top })) };
}

function placeOf(panel: Json): Place {
  const grid = objectOf(panel["gridPos"]);
  const width = Math.min(numberOf(grid["w"]) ?? 12, COLUMNS);
  return {
    x: Math.min(numberOf(grid["x"]) ?? 0, COLUMNS - width),
    y: numberOf(grid["y"]) ?? 0,
    width,
    height: numberOf(grid["h"]) ?? 8,
  };
}

/** Before there was a grid, panels stood in rows, each over some of twelve columns. */
function oldRows(board: Json): Section[] {
  return objectsOf(board["rows"]).map((row) => {
    let [x, y] = [0, 0];
    const height = pixels(row["height"]) / ROW;
    const panels = objectsOf(row["panels"]).map((panel) => {
      const width = Math.min((numberOf(panel["span"]) ?? 12) * 2, COLUMNS);
      if (x + width > COLUMNS) [x, y] = [0, y + Math.ceil(height)];
      const place = { x, y, width, height: Math.ceil(height) };
      x += width;
      return readPanel(panel, place);
    });
    const title =
      row["showTitle"] === true || row["collapse"] === true ? textOf(row["title"]) : null;
    return { title, collapsed: row["collapse"] === true, panels };
  });
}

function pixels(height: unknown): number {
  return numberOf(typeof height === "string" ? height.replace("px", "") : height) ?? 250;
}

function variable(given: Json, unknown: (name: string) => void): Variable[] {
  const name = textOf(given["name"]);
  const kind = VARIABLES.find((each) => each === given["type"]);
  if (!kind) {
    unknown(`templating.${name || "?"} (${textOf(given["type"])})`);
    return [];
  }
  const { value } = objectOf(given["current"]);
  const query = textOf(given["query"]) || textOf(objectOf(given["query"])["query"]);
  if (kind === "query" && !knowsQuery(query))
    unknown(`templating.${name}: query ${query || "(none)"}`);
  return [
    {
      name,
      label: textOf(given["label"]) || name,
      kind,
      hidden: given["hide"] === 2 || kind === "constant" || kind === "datasource",
      query,
      pattern: textOf(given["regex"]),
      choices: kind === "custom" || kind === "interval" ? choicesOf(query) : [],
      many: given["multi"] === true,
      all: given["includeAll"] === true,
      allValue: textOf(given["allValue"]),
      chosen: listOf(Array.isArray(value) ? value : [value])
        .map(textOf)
        .filter(Boolean)
        .map(asAll),
      sort: numberOf(given["sort"]) ?? 0,
    },
  ];
}

function asAll(value: string): string {
  return value === "All" ? ALL : value;
}

/** `a, b, text : value`; a comma within a value is written `\,`. */
function choicesOf(query: string): Choice[] {
  return query.split(/(?<!\\),/).map((each) => {
    const [text, value] = each.replaceAll("\\,", ",").split(/\s+:\s+/);
    return { text: text!.trim(), value: (value ?? text!).trim() };
  });
}
