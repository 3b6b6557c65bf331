/** A decision tree as a Mermaid flowchart: text that anybody's viewer draws. Whatever stands in a tree, it stays text. */
import type { Node } from "#core/decision-tree/compose";
import { limits } from "#core/limits";

/** What of a revision is drawn. */
export interface Drawn {
  assumptions: readonly { id: string; text: string; probability: number }[];
  actions: readonly { id: string; description: string }[];
  root: Node;
}

/** One statement a line: `flowchart TD`, nodes `n0{"…"}` and `n1["…"]`, and edges `n0 -->|true| n1`. */
export function mermaidOf({ assumptions, actions, root }: Drawn): string {
  const lines: string[] = [];
  let count = 0;
  const draw = (node: Node): string => {
    const id = `n${count}`;
    count += 1;
    if (node.type === "leaf") {
      const action = actions.find((other) => other.id === node.actionId);
      const worth = `utility ${node.expectedUtility.toFixed(2)}, reached with ${percent(node.probability)}`;
      lines.push(`  ${id}["${label(`${node.actionId}: ${action?.description ?? ""}`)} - ${worth}"]`);
      return id;
    }
    const assumption = assumptions.find((other) => other.id === node.assumptionId);
    const chance = assumption ? ` - ${percent(assumption.probability)}` : "";
    lines.push(`  ${id}{"${label(`${node.assumptionId}: ${assumption?.text ?? ""}`)}${chance}"}`);
    for (const [name, next] of [["true", node.whenTrue] as const, ["false", node.whenFalse] as const]) {
      lines.push(`  ${id} -->|${name}| ${draw(next)}`);
    }
    return id;
  };
  draw(root);
  return ["flowchart TD", ...lines].join("\n");
}

/**
 * Letters, digits, blanks and a few marks as they are; every other character as Mermaid's entity code `#34;`, so that nothing ends the quotes, is taken
 * for a directive, for Markdown or for HTML. Signs that cannot be seen, line ends among them, become blanks. The colon is coded as well:
 * Mermaid looks for `style…:…#…;` before it reads any quotes.
 */
function label(text: string): string {
  const characters = Array.from(text.replaceAll(/[\p{C}\p{Z}]+/gu, " ").trim());
  const shown = characters.slice(0, limits.drawnLabelCharactersMax).join("");
  const cut = characters.length > limits.drawnLabelCharactersMax ? `${shown} ...` : shown;
  return cut.replaceAll(/[^\p{L}\p{N} .,()_+-]/gu, (character) => `#${character.codePointAt(0)};`);
}

function percent(probability: number): string {
  return `${Math.round(probability * 100)} percent`;
}
