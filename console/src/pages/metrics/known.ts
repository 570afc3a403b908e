/** The series that there are, as far as they were asked for; asked again after some seconds. */

import { labelNames, labelValues, metadata } from "../../api/prometheus";
import { fitting, type Place } from "./completion";
import { AGGREGATIONS, FUNCTIONS, KEYWORDS } from "./vocabulary";

export interface Candidate {
  text: string;
  what: string;
}

const MOST = 50;
const KEPT = 15_000;
const answers = new Map<string, { at: number; answer: Promise<unknown> }>();

/** What fits at a place. Nothing where the server does not say. */
export async function candidatesAt(place: Place): Promise<Candidate[]> {
  try {
    return await found(place);
  } catch {
    return [];
  }
}

async function found({ kind, begun, metric, label }: Place): Promise<Candidate[]> {
  if (kind === "label") {
    const names = await asked(`labels of ${metric}`, () => labelNames(metric));
    return fitting(
      names.filter((each) => each !== "__name__"),
      begun,
      MOST,
    ).map((text) => ({ text, what: "label" }));
  }
  if (kind === "value" && label) {
    const values = await asked(`${label} of ${metric}`, () => labelValues(label, metric));
    return fitting(values, begun, MOST).map((text) => ({ text, what: "value" }));
  }
  if (kind === "none" || begun === "") return [];
  const [metrics, about] = await Promise.all([
    asked("metrics", () => labelValues("__name__")),
    asked("metadata", metadata),
  ]);
  const kinds = new Map<string, string>([
    ...FUNCTIONS.map((each) => [each, "function"] as const),
    ...AGGREGATIONS.map((each) => [each, "aggregation"] as const),
    ...KEYWORDS.map((each) => [each, "keyword"] as const),
    ...metrics.map((each) => [each, told(about[each])] as const),
  ]);
  return fitting([...kinds.keys()], begun, MOST).map((text) => ({ text, what: kinds.get(text)! }));
}

function told(about: readonly { type: string; help: string }[] | undefined): string {
  const first = about?.[0];
  return first ? `${first.type} · ${first.help}` : "metric";
}

function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  const known = answers.get(what);
  if (known && Date.now() - known.at < KEPT) return known.answer as Promise<T>;
  const answer = ask();
  answers.set(what, { at: Date.now(), answer });
  answer.catch(() => answers.delete(what));
  return answer;
}
