/** The words of an item. */
import type { ItemOf } from "#protocol/item";

export function textOf({ content }: Pick<ItemOf<"userMessage">, "content">): string {
  return content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n");
}
