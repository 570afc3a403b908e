/** The one WebSocket of this tab: keeps the signals true, and says when it cannot. */

import { batch, effect, signal } from "@preact/signals";
import { socketAt } from "../place";
import { type ChangeMessage, changed, type StateMessage, type Topics } from "./changes";
import { show } from "./platform";
import { followedRuns, hear, type LineMessage, positions } from "./lines";

type Message =
  | StateMessage
  | ChangeMessage
  | LineMessage
  | { kind: "beat"; seq: number; at: string }
  | { kind: "ended"; run: string };

const SILENT_FOR = 6_000;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 10_000;

/** Since when nothing was heard, in ms since 1970; null while the page is true. */
export const staleSince = signal<number | null>(Date.now());
/** Whether the server closed the connection because nobody is signed in. */
export const turnedAway = signal(false);

let topics: Topics = {};
let heard: { epoch: string; seq: number } | null = null;
let lastHeard = Date.now();
let wait = FIRST_WAIT;
let socket: WebSocket | null = null;

/** Begin, and go on for as long as the tab is open. */
export function listen(): void {
  connect();
  effect(() => {
    followedRuns.value;
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(opening()));
  });
  setInterval(() => {
    if (Date.now() - lastHeard > SILENT_FOR) staleSince.value ??= lastHeard;
  }, 1_000);
  // A laptop that wakes up should not wait for a time-out.
  addEventListener("online", () => socket?.close());
}

function opening(): object {
  const lines = positions();
  return { since: heard, follow: Object.keys(lines), lines };
}

function connect(): void {
  socket = new WebSocket(socketAt("api/live"));
  socket.onopen = () => socket?.send(JSON.stringify(opening()));
  socket.onmessage = (event) => take(JSON.parse(event.data as string) as Message);
  socket.onclose = (event) => {
    turnedAway.value = event.code === 4401;
    staleSince.value ??= lastHeard;
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
}

function take(message: Message): void {
  lastHeard = Date.now();
  wait = FIRST_WAIT;
  batch(() => {
    staleSince.value = null;
    if (message.kind === "state") {
      heard = { epoch: message.epoch, seq: message.seq };
      topics = message.topics;
      show(topics);
    } else if (message.kind === "change") {
      if (heard) heard.seq = message.seq;
      topics = changed(topics, message);
      show(topics);
    } else if (message.kind === "line" || message.kind === "ended") {
      hear(message);
    }
  });
}
