/** Words of a panel: a part of Markdown, and never HTML. */

import type { ComponentChildren } from "preact";
import { blocksOf, type Inline, inlinesOf } from "./markdown";

export function Text({ text, markdown }: { text: string; markdown: boolean }) {
  if (!markdown) return <pre class="panel-text">{text}</pre>;
  return (
    <div class="panel-text">
      {blocksOf(text).map((block) => {
        if (block.kind === "heading")
          return (
            <p class="panel-heading">
              <b>{inline(block.text)}</b>
            </p>
          );
        if (block.kind === "code") return <pre>{block.text}</pre>;
        if (block.kind === "list") {
          const items = block.items.map((each) => <li>{inline(each)}</li>);
          return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
        }
        return <p>{inline(block.text)}</p>;
      })}
    </div>
  );
}

function inline(text: string): ComponentChildren {
  return inlinesOf(text).map(drawn);
}

function drawn({ kind, text, href }: Inline): ComponentChildren {
  switch (kind) {
    case "strong":
      return <strong>{text}</strong>;
    case "emphasis":
      return <em>{text}</em>;
    case "code":
      return <code>{text}</code>;
    case "link":
      return (
        <a href={href} rel="noopener noreferrer">
          {text}
        </a>
      );
    default:
      return text;
  }
}
