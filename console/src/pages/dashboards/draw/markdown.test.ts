import { expect, test } from "vitest";
import { blocksOf, inlinesOf } from "./markdown";

test("headings, paragraphs, lists and code are told apart", () => {
  const text = "# A\n\none\ntwo\n\n- x\n- y\n\n1. first\n\n```\ncode\n```";
  expect(blocksOf(text)).toEqual([
    { kind: "heading", text: "A" },
    { kind: "paragraph", text: "one two" },
    { kind: "list", ordered: false, items: ["x", "y"] },
    { kind: "list", ordered: true, items: ["first"] },
    { kind: "code", text: "code" },
  ]);
});

test("words within a line are marked", () => {
  expect(inlinesOf("a **b** `c` *d* [e](https://f)").map(({ kind, text }) => [kind, text])).toEqual(
    [
      ["text", "a "],
      ["strong", "b"],
      ["text", " "],
      ["code", "c"],
      ["text", " "],
      ["emphasis", "d"],
      ["text", " "],
      ["link", "e"],
    ],
  );
});

test("a tag stays text, and so does a link that would run something", () => {
  const text = "<script>x</script> [a](javascript:alert(1))";
  expect(inlinesOf(text).every((each) => each.kind === "text")).toBe(true);
});
