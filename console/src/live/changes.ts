/** The topics as a tab knows them, and how a message changes them. Pure: tested without a server. */

export type Items = Readonly<Record<string, unknown>>;
export type Topics = Readonly<Record<string, Items>>;

export interface StateMessage {
  kind: "state";
  epoch: string;
  seq: number;
  at: string;
  topics: Topics;
}

export interface ChangeMessage {
  kind: "change";
  seq: number;
  at: string;
  set?: Topics;
  gone?: Readonly<Record<string, readonly string[]>>;
}

/** New objects only for topics that changed, so that only their readers draw again. */
export function changed(topics: Topics, change: ChangeMessage): Topics {
  const next: Record<string, Items> = { ...topics };
  for (const [topic, items] of Object.entries(change.set ?? {})) {
    next[topic] = { ...next[topic], ...items };
  }
  for (const [topic, keys] of Object.entries(change.gone ?? {})) {
    const left = { ...next[topic] };
    for (const key of keys) delete left[key];
    next[topic] = left;
  }
  return next;
}
