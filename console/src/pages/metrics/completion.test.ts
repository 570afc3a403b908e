import { expect, test } from "vitest";
import { fitting, placeIn } from "./completion";

/** `|` is the cursor. */
function place(marked: string) {
  return placeIn(marked.replace("|", ""), marked.indexOf("|"));
}

test("outside of braces a word is meant", () => {
  expect(place("sum(ra|")).toEqual({ kind: "word", begun: "ra", from: 4 });
});

test("in braces a label of the metric is meant", () => {
  expect(place('up{job="a", ins|')).toMatchObject({ kind: "label", begun: "ins", metric: "up" });
});

test("in quotes behind a label one of its values is meant", () => {
  expect(place('up{job=~"hel|"}')).toMatchObject({
    kind: "value",
    begun: "hel",
    label: "job",
    metric: "up",
  });
});

test("behind by and its like a label of the metric that follows is meant", () => {
  expect(place("sum by (co|) (rate(api_requests_total[5m]))")).toMatchObject({
    kind: "label",
    begun: "co",
  });
});

test.each(["rate(up[5m|", 'label_replace(up, "a|', "5m|", "up{job|=", 'up{job="a" |'])(
  "nothing is proposed at %s",
  (marked) => {
    const { kind, begun } = place(marked);
    expect(kind === "none" || begun !== "").toBe(true);
  },
);

test("a brace in quotes is no brace", () => {
  expect(place('up{path="{"} + ra|')).toMatchObject({ kind: "word", begun: "ra" });
});

test("what begins so comes before what contains it", () => {
  expect(fitting(["irate", "rate", "up"], "ra", 10)).toEqual(["rate", "irate"]);
});
