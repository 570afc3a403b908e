/** A panel of Grafana's JSON → what is drawn of it, and what is not understood. */

import { type Json, listOf, numberOf, objectOf, objectsOf, textOf } from "./json";
import { lookOf, overridesOf } from "./look";
import { type Drawing, type Kind, KINDS, type Panel, type Target } from "./model";
import { knowsCustom, knowsOption } from "./options";
import { knowsCalculation } from "./reduce";
import { type Threshold, toneOfColour } from "./thresholds";
import { strangeFormats } from "./variables";

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

type Unknown = (name: string) => void;

const STYLES: Readonly<Record<string, Drawing["style"]>> = {
  line: "lines",
  bars: "bars",
  points: "points",
};

export function readPanel(panel: Json, place: Place): Panel {
  const unknown = new Set<string>();
  const told = (name: string) => void unknown.add(name);
  const type = textOf(panel["type"]);
  const kind = KINDS.find((each) => each === type) ?? null;
  if (kind === null)
    told(panel["libraryPanel"] ? "a panel of a library" : `type ${type || "(none)"}`);
  const options = objectOf(panel["options"]);
  nameTheRest(panel, options, told);
  nameFormats(panel, options, told);
  const look = lookOf(panel, told);
  const old = kind === "graph" ? oldThresholds(panel) : [];
  return {
    id: numberOf(panel["id"]) ?? 0,
    title: textOf(panel["title"]),
    description: textOf(panel["description"]),
    kind,
    ...place,
    targets: kind && kind !== "text" ? targetsOf(panel, told) : [],
    look: old.length > 0 ? { ...look, thresholds: old } : look,
    overrides: overridesOf(panel, told),
    drawing: kind === "graph" ? oldDrawing(panel, old, told) : drawing(panel, told),
    calculation: calculation(options, told),
    sparkline: kind === "stat" && textOf(options["graphMode"] ?? "area") === "area",
    ...text(panel, options, kind, told),
    notUnderstood: [...unknown],
  };
}

function nameTheRest(panel: Json, options: Json, unknown: Unknown): void {
  for (const each of objectsOf(panel["transformations"]))
    unknown(`transformations.${textOf(each["id"])}`);
  for (const name of ["repeat", "timeFrom", "timeShift", "alert"]) if (panel[name]) unknown(name);
  if (listOf(panel["links"]).length > 0) unknown("links");
  if (listOf(panel["seriesOverrides"]).length > 0) unknown("seriesOverrides");
  for (const name of Object.keys(options)) if (!knowsOption(name)) unknown(`options.${name}`);
  const custom = objectOf(objectOf(objectOf(panel["fieldConfig"])["defaults"])["custom"]);
  for (const name of Object.keys(custom)) if (!knowsCustom(name)) unknown(`custom.${name}`);
  if (options["calculate"] === true) unknown("options.calculate");
}

function nameFormats(panel: Json, options: Json, unknown: Unknown): void {
  const targets = objectsOf(panel["targets"]);
  const texts = [
    panel["title"],
    panel["description"],
    panel["content"],
    options["content"],
    ...targets.flatMap((each) => [each["expr"], each["legendFormat"]]),
  ];
  for (const each of texts) strangeFormats(textOf(each)).forEach(unknown);
}

function targetsOf(panel: Json, unknown: Unknown): Target[] {
  return objectsOf(panel["targets"]).flatMap((target, index) => {
    const id = textOf(target["refId"]) || String.fromCharCode(65 + index);
    const strange = strangeSource(target["datasource"] ?? panel["datasource"]);
    if (target["hide"] === true) return [];
    if (strange) {
      unknown(`datasource ${strange}`);
      return [];
    }
    const expression = textOf(target["expr"]);
    if (expression.trim() === "") {
      unknown(`query ${id}, which has no expr`);
      return [];
    }
    const format = textOf(target["format"]);
    return [
      {
        id,
        expression,
        legend: textOf(target["legendFormat"]),
        instant: target["instant"] === true && target["range"] !== true,
        format: format === "table" || format === "heatmap" ? format : "time_series",
        least: textOf(target["interval"] ?? panel["interval"]),
      },
    ];
  });
}

/** What is no Prometheus; of a mere name nobody knows what it is. */
function strangeSource(source: unknown): string | null {
  if (typeof source === "string") return /^-- (Grafana|Dashboard) --$/.test(source) ? source : null;
  const type = textOf(objectOf(source)["type"]);
  return type === "" || type === "prometheus" || type.startsWith("$") ? null : type;
}

function calculation(options: Json, unknown: Unknown): string {
  const reduce = objectOf(options["reduceOptions"]);
  const name = textOf(listOf(reduce["calcs"])[0]) || "lastNotNull";
  if (reduce["values"] === true) unknown("reduceOptions.values");
  if (textOf(reduce["fields"])) unknown("reduceOptions.fields");
  if (knowsCalculation(name)) return name;
  unknown(`reduceOptions.calcs.${name}`);
  return "lastNotNull";
}

function drawing(panel: Json, unknown: Unknown): Drawing {
  const custom = objectOf(objectOf(objectOf(panel["fieldConfig"])["defaults"])["custom"]);
  const stacking = textOf(objectOf(custom["stacking"])["mode"]) || "none";
  if (stacking === "percent") unknown("custom.stacking.percent");
  const steps = textOf(custom["lineInterpolation"]).startsWith("step");
  const style = STYLES[textOf(custom["drawStyle"])] ?? "lines";
  const thresholds = textOf(objectOf(custom["thresholdsStyle"])["mode"]) || "off";
  return {
    style: style === "lines" && steps ? "steps" : style,
    fill: (numberOf(custom["fillOpacity"]) ?? 0) / 100,
    stacked: stacking === "normal",
    bands: thresholds !== "off",
    legend: objectOf(objectOf(panel["options"])["legend"])["showLegend"] !== false,
  };
}

/** Of the panels that are called `graph`. */
function oldDrawing(panel: Json, thresholds: readonly Threshold[], unknown: Unknown): Drawing {
  if (panel["percentage"] === true) unknown("percentage");
  const style = panel["bars"] === true ? "bars" : panel["lines"] === false ? "points" : "lines";
  return {
    style: style === "lines" && panel["steppedLine"] === true ? "steps" : style,
    fill: (numberOf(panel["fill"]) ?? 1) / 10,
    stacked: panel["stack"] === true,
    bands: thresholds.length > 0,
    legend: objectOf(panel["legend"])["show"] !== false,
  };
}

function oldThresholds(panel: Json): Threshold[] {
  const found = objectsOf(panel["thresholds"])
    .filter((each) => each["op"] !== "lt" && numberOf(each["value"]) !== null)
    .map((each): Threshold => {
      const mode = textOf(each["colorMode"]);
      const tone =
        mode === "critical"
          ? "down"
          : mode === "warning"
            ? "degraded"
            : mode === "ok"
              ? "up"
              : null;
      return {
        from: numberOf(each["value"])!,
        tone: tone ?? toneOfColour(textOf(each["fillColor"])),
      };
    });
  return found.length > 0 ? [{ from: -Infinity, tone: null }, ...found] : [];
}

function text(panel: Json, options: Json, kind: Kind | null, unknown: Unknown) {
  const mode = textOf(options["mode"] ?? panel["mode"]) || "markdown";
  if (kind === "text" && mode === "html") unknown("mode html");
  return { text: textOf(options["content"] ?? panel["content"]), markdown: mode === "markdown" };
}
