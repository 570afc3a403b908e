import { expect, test } from "vitest";
import type { BackupSet } from "../api/types";
import { bySetState, setWord } from "./set-state";

function set(state: BackupSet["state"], backups = state, name = "a"): BackupSet {
  return { name, state, backups } as BackupSet;
}

test("what was never backed up says so", () => {
  expect(setWord(set("never ran"))).toBe("never ran");
});

test("a backup whose restore was never proved is unproven", () => {
  expect(setWord(set("never ran", "good"))).toBe("unproven");
});

test("what failed comes first, and among alike the name decides", () => {
  const all = [set("good"), set("never ran"), set("failed", "failed", "z"), set("failed")];
  expect(all.sort(bySetState).map((each) => `${each.state} ${each.name}`)).toEqual([
    "failed a",
    "failed z",
    "never ran a",
    "good a",
  ]);
});
