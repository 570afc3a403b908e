/** What the page is asked to show, as its address says it: `?e=up&e=rate(x[5m])&from=now-1h`. */

export interface AskedFor {
  expressions: readonly string[];
  from: string;
  to: string;
  view: "chart" | "table";
  refresh: string;
}

export function askedFor(search: string): AskedFor {
  const given = new URLSearchParams(search);
  const expressions = given.getAll("e");
  return {
    expressions: expressions.length > 0 ? expressions : [""],
    from: given.get("from") ?? "now-1h",
    to: given.get("to") ?? "now",
    view: given.get("view") === "table" ? "table" : "chart",
    refresh: given.get("refresh") ?? "",
  };
}

export function written(asked: AskedFor): string {
  const given = new URLSearchParams(asked.expressions.map((each) => ["e", each]));
  given.set("from", asked.from);
  given.set("to", asked.to);
  if (asked.view === "table") given.set("view", "table");
  if (asked.refresh) given.set("refresh", asked.refresh);
  return given.toString();
}
