/** The words of an item. */
import type { ItemOf } from "#protocol/item";

export function textOf({ content }: ItemOf<"userMessage">): string {
  return content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n");
}
