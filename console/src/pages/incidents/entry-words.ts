/** What entries of the ledger say, in words. */

import type { components } from "../../api/schema";

export type Entry = components["schemas"]["TimelineEntry"];
export type Sort =
  | "alert"
  | "notice"
  | "acknowledgement"
  | "step"
  | "verification"
  | "remark"
  | "trouble"
  | "waiting"
  | "course";

const SORTS: readonly (readonly [RegExp, Sort])[] = [
  [/^alert\.acknowledged$|^incident\.acknowledged$/, "acknowledgement"],
  [/^alert\./, "alert"],
  [/^notice\.|^incident\.paged$/, "notice"],
  [/^incident\.(noted|updated)$/, "remark"],
  [/^run\.waiting$/, "waiting"],
  [
    /^run\.(step_failed|refused|answer_rejected)$|^service\.(died|unwell|restart_failed|needs_person|order_failed)$|^response\.(failed|held_too_long)$/,
    "trouble",
  ],
  [/^service\.verified$|^response\.fixed$|^incident\.recovered$|^run\.ended$/, "verification"],
  [/^check\.changed$/, "verification"],
  [/^(run|service|response)\./, "step"],
];

/** A check that changed proves that all is well, or shows that it is not. */
export function sortOf(entry: Entry): Sort {
  if (entry.kind === "check.changed" && entry.body["after"] !== "up") return "trouble";
  if (entry.kind === "run.ended" && entry.body["state"] !== "succeeded") return "trouble";
  return SORTS.find(([kind]) => kind.test(entry.kind))?.[1] ?? "course";
}

type Words = (entry: Entry) => string;

const text = (entry: Entry, name: string): string => {
  const value = entry.body[name];
  return value === null || value === undefined ? "" : String(value);
};
const behind = (before: string, said: string): string => (said ? `${before}${said}` : "");
const label = (entry: Entry, name: string): string => {
  const labels = entry.body["labels"] as Record<string, string> | undefined;
  return labels?.[name] ?? "";
};
const many = (count: string, thing: string): string =>
  `${count} ${thing}${count === "1" ? "" : "s"}`;

/** Kind → what it says, without who did it and what it is about. */
const WORDS: Readonly<Record<string, Words>> = {
  "alert.firing": (e) => `fires: ${summary(e)}`,
  "alert.resolved": (e) => `has ended after ${seconds(text(e, "lasted_seconds"))}`,
  "alert.acknowledged": (e) => `acknowledged${given(e)}${behind(": ", text(e, "why"))}`,
  "incident.acknowledged": (e) => `acknowledged${behind(": ", text(e, "note"))}`,
  "incident.opened": (e) =>
    `opened, ${text(e, "severity")}: ${text(e, "title")}${behind(" — ", text(e, "description"))}`,
  "incident.reopened": (e) => `opened again: ${text(e, "why")}`,
  "incident.joined": (e) => `something of the same cause has joined: ${text(e, "what")}`,
  "incident.merged": () => "other incidents of the same cause went into it",
  "incident.absorbed": (e) => `went into ${text(e, "into")}, which has the same cause`,
  "incident.paged": (e) => `${text(e, "level")} was paged: ${listed(e.body["contacts"])}`,
  "incident.noted": (e) => text(e, "text"),
  "incident.updated": (e) => `told whoever was paged: ${text(e, "text")}`,
  "incident.recovered": () => "recovered: its checks are well and its alerts have ended",
  "incident.closed": (e) =>
    `closed: ${text(e, "resolution")}${behind(" — learned: ", text(e, "lessons"))}`,
  "notice.sent": (e) => `was told (${many(text(e, "count"), "alert")} ${text(e, "notice")})`,
  "notice.failed": (e) => `could not be told: ${text(e, "answer")}`,
  "notice.unknown": (e) => `may have been told: ${text(e, "answer")}`,
  "check.changed": (e) =>
    `is ${text(e, "after")}, was ${text(e, "before")}${behind(": ", text(e, "message"))}`,
  "service.died": (e) => `died: ${text(e, "how")}`,
  "service.unwell": (e) => `is not well: ${text(e, "check")}${behind(": ", text(e, "message"))}`,
  "service.restart": (e) => `is restarted, ${text(e, "attempt")}: ${text(e, "reason")}`,
  "service.restart_failed": (e) => `could not be restarted: ${text(e, "reason")}`,
  "service.needs_person": (e) => `needs a person: ${text(e, "reason")}`,
  "service.verified": (e) => `is proven ${text(e, "state") || "well"}${took(e)}`,
  "service.started": (e) => `was started${behind(": ", text(e, "instance"))}`,
  "service.adopted": (e) => `runs already${behind(": ", text(e, "instance"))}`,
  "service.stopped": (e) => `was stopped${behind(": ", text(e, "why"))}`,
  "service.ordered": (e) =>
    `${text(e, "verb")} was ordered by ${text(e, "by")}${behind(": ", text(e, "why"))}`,
  "service.order_failed": (e) => `${text(e, "verb")} failed: ${text(e, "reason")}`,
  "response.chosen": (e) =>
    `${text(e, "runbook") || text(e, "response")} was chosen: ${text(e, "why")}`,
  "response.fixed": () => "what was tried has mended it",
  "response.failed": (e) => `what was tried has not mended it: ${text(e, "reason")}`,
  "run.requested": (e) => `asked for ${text(e, "runbook")}: ${text(e, "why")}`,
  "run.started": (e) => `${text(e, "runbook")} begins`,
  "run.step_started": (e) => `${text(e, "step")} begins: ${text(e, "what")}`,
  "run.step_done": (e) =>
    `${text(e, "step")} is done${change(e)}${behind(", proven by ", listed(e.body["verified_by"]))}`,
  "run.step_failed": (e) => `${text(e, "step")} failed: ${text(e, "error")}`,
  "run.step_skipped": (e) => `${text(e, "step")} is left out: not ${text(e, "because")}`,
  "run.step_printed": (e) => `${text(e, "step")} is only printed: ${text(e, "text")}`,
  "run.waiting": (e) => `waits${behind(" for ", text(e, "needs"))}: ${text(e, "what")}`,
  "run.approved": (e) => `approved${behind(": ", text(e, "why"))}`,
  "run.refused": (e) => `refused${behind(": ", text(e, "why"))}`,
  "run.decided": (e) => `decided: ${text(e, "decision")}${behind(", ", text(e, "why"))}`,
  "run.answer_rejected": (e) => `answered in vain: ${text(e, "trouble")}`,
  "run.cancel_requested": (e) => `wants it cancelled${behind(": ", text(e, "why"))}`,
  "run.resumed": (e) => `resumed it${behind(" at ", text(e, "at"))}${behind(": ", text(e, "why"))}`,
  "run.rolled_back": (e) =>
    `took back ${listed(e.body["taken_back"]) || "nothing"}${behind("; failed: ", text(e, "failed"))}`,
  "run.ended": (e) => `${text(e, "state")}${behind(": ", text(e, "error"))}`,
};

/** An entry of a kind that has no words yet says all that it holds. */
export function wordsOf(entry: Entry): string {
  const words = WORDS[entry.kind];
  if (words) return words(entry);
  const said = Object.entries(entry.body).filter(([, value]) => value !== null && value !== "");
  return `${entry.kind} ${said.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ")}`;
}

/** What it is about, where that is not the incident itself. */
export function aboutOf(entry: Entry): string {
  if (entry.kind.startsWith("incident.")) return "";
  return label(entry, "alertname") || entry.subject;
}

function summary(entry: Entry): string {
  const said = entry.body["annotations"] as Record<string, string> | undefined;
  return said?.["summary"] ?? said?.["description"] ?? label(entry, "severity");
}

function given(entry: Entry): string {
  const who = text(entry, "assignee");
  return who && who !== entry.actor ? `, ${who} has it` : "";
}

function took(entry: Entry): string {
  const found = entry.body["after_trouble_ms"];
  return typeof found === "number" ? ` ${seconds(String(found / 1_000))} after the trouble` : "";
}

function change(entry: Entry): string {
  const [before, after] = [text(entry, "before"), text(entry, "after")];
  return before || after ? `: ${before} → ${after}` : "";
}

function seconds(said: string): string {
  const count = Number(said);
  if (said === "" || !Number.isFinite(count)) return "some time";
  return count < 10 ? `${count.toFixed(1)} s` : `${Math.round(count)} s`;
}

function listed(value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => listed(each)).join(", ");
  if (value !== null && typeof value === "object") return Object.keys(value).join(", ");
  return value === null || value === undefined ? "" : String(value);
}
