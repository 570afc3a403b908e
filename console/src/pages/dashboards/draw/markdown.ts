/** A part of Markdown: headings, paragraphs, lists, code, emphasis, links. Tags stay text. */

export type Block =
  | { kind: "heading" | "paragraph" | "code"; text: string }
  | { kind: "list"; ordered: boolean; items: readonly string[] };

export interface Inline {
  kind: "text" | "strong" | "emphasis" | "code" | "link";
  text: string;
  href?: string;
}

const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const end = () => {
    if (paragraph.length > 0) blocks.push({ kind: "paragraph", text: paragraph.join(" ") });
    paragraph = [];
  };
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const heading = /^#{1,6}\s+(.*)$/.exec(line);
    if (line.startsWith("```")) {
      end();
      const close = lines.findIndex((each, index) => index > at && each.startsWith("```"));
      const until = close < 0 ? lines.length : close;
      blocks.push({ kind: "code", text: lines.slice(at + 1, until).join("\n") });
      at = until;
    } else if (heading) {
      end();
      blocks.push({ kind: "heading", text: heading[1]! });
    } else if (ITEM.test(line)) {
      end();
      let until = at;
      while (ITEM.test(lines[until + 1] ?? "")) until++;
      const items = lines.slice(at, until + 1).map((each) => ITEM.exec(each)!);
      blocks.push({
        kind: "list",
        ordered: items[0]![1] !== undefined,
        items: items.map((each) => each[2]!),
      });
      at = until;
    } else if (line.trim() === "") end();
    else paragraph.push(line.trim());
  }
  end();
  return blocks;
}

export function inlinesOf(text: string): Inline[] {
  const found: Inline[] = [];
  let after = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > after) found.push({ kind: "text", text: text.slice(after, match.index) });
    found.push(marked(match));
    after = match.index + match[0].length;
  }
  if (after < text.length) found.push({ kind: "text", text: text.slice(after) });
  return found;
}

function marked([whole, code, strong, alsoStrong, emphasis, label, href]: RegExpExecArray): Inline {
  if (code) return { kind: "code", text: code };
  if (strong ?? alsoStrong) return { kind: "strong", text: (strong ?? alsoStrong)! };
  if (emphasis) return { kind: "emphasis", text: emphasis };
  // Only where a link can do no harm.
  if (label && href && /^(https?:\/\/|\/(?!\/)|#)/.test(href))
    return { kind: "link", text: label, href };
  return { kind: "text", text: whole };
}
