import { expect, test } from "vitest";
import type { Node } from "#core/decision-tree/compose";
import { type Drawn, mermaidOf } from "#core/decision-tree/mermaid";
import { decide } from "#core/decision-tree/tree";
import { limits } from "#core/limits";
import { createRandom } from "../../support/random.ts";
import { anyDeliberation, example } from "./examples.ts";

/** What `mermaidOf` may write, line by line: nothing in a label can be read as anything but text. */
const text = String.raw`(?:[\p{L}\p{N} .,()_+-]|#\d{1,7};)*`;
const grammar = {
  split: new RegExp(String.raw`^  (n\d+)\{"(${text})"\}$`, "u"),
  leaf: new RegExp(String.raw`^  (n\d+)\["(${text})"\]$`, "u"),
  edge: /^ {2}(n\d+) -->\|(true|false)\| (n\d+)$/,
};

interface Chart {
  labels: Map<string, string>;
  edges: Map<string, { true?: string; false?: string }>;
}

/** Reads a chart back; throws at the first line that is none. */
function read(chart: string): Chart {
  const [head, ...lines] = chart.split("\n");
  expect(head).toBe("flowchart TD");
  const labels = new Map<string, string>();
  const edges: Chart["edges"] = new Map();
  for (const line of lines) {
    const node = grammar.split.exec(line) ?? grammar.leaf.exec(line);
    const edge = grammar.edge.exec(line);
    if (node?.[1] !== undefined) {
      if (labels.has(node[1])) throw new Error(`${node[1]} is there twice`);
      labels.set(
        node[1],
        (node[2] ?? "").replaceAll(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))),
      );
    } else if (edge?.[1] !== undefined) {
      edges.set(edge[1], { ...edges.get(edge[1]), [edge[2] as "true" | "false"]: edge[3] });
    } else throw new Error(`no line of a flowchart: ${line}`);
  }
  for (const [from, { true: yes, false: no }] of edges) {
    for (const id of [from, yes, no]) if (id === undefined || !labels.has(id)) throw new Error(`${from} leads nowhere`);
  }
  return { labels, edges };
}

function drawn(given: Partial<Drawn>): Drawn {
  const root: Node = { type: "leaf", probability: 1, actionId: "B", expectedUtility: 0.5 };
  return { assumptions: [], actions: [], root, ...given };
}

test("the worked example is a chart with its questions, its odds and what is done in each case", () => {
  expect(mermaidOf(decide(example())).split("\n")).toEqual([
    "flowchart TD",
    '  n0{"A1#58; A1 holds - 70 percent"}',
    '  n1{"A2#58; A2 holds - 40 percent"}',
    '  n2["refactor#58; do refactor - utility 0.85, reached with 28 percent"]',
    "  n1 -->|true| n2",
    '  n3["patchX#58; do patchX - utility 0.80, reached with 42 percent"]',
    "  n1 -->|false| n3",
    "  n0 -->|true| n1",
    '  n4["safeGuard#58; do safeGuard - utility 0.30, reached with 30 percent"]',
    "  n0 -->|false| n4",
  ]);
});

const hostile = [
  '"]\nclick n0 "javascript:alert(1)"',
  "</script><script>alert(1)</script>",
  '%%{init: {"securityLevel": "loose"}}%%',
  "`**markdown**`",
  "end",
  "style n0 fill:#f00;",
  "classDef x fill:#f00,stroke:#00f;",
  "a #quot; b #35; c & d &amp; e",
  "n1 --> n2; n3:::evil",
  "---\ntitle: x\n---",
  "\u2028\u202enoitcurtsni\u0000\u200b",
  "\ud800 half, and whole 🦊",
  "größer, naïve, 漢字",
];

test("whatever an assumption or an action is called, it stays a label, and says what it said", () => {
  for (const words of hostile) {
    const root: Node = {
      type: "split",
      assumptionId: words,
      probability: 1,
      expectedValueOfPerfectInformation: 1,
      whenTrue: { type: "leaf", probability: 0.5, actionId: words, expectedUtility: 1 },
      whenFalse: { type: "leaf", probability: 0.5, actionId: "B", expectedUtility: 0 },
    };
    const chart = mermaidOf(
      drawn({ root, assumptions: [{ id: words, text: words, probability: 0.5 }], actions: [{ id: words, description: words }] }),
    );
    const { labels, edges } = read(chart);
    expect([words, labels.size, edges.size]).toEqual([words, 3, 1]);
    const visible = `${words}: ${words}`.replaceAll(/[\p{C}\p{Z}]+/gu, " ").trim();
    expect(labels.get("n0")).toBe(`${visible} - 50 percent`);
  }
});

test("a label has an end, and is cut between characters", () => {
  const { labels } = read(mermaidOf(drawn({ actions: [{ id: "B", description: "🦊".repeat(4_000) }] })));
  const [shown = ""] = (labels.get("n0") ?? "").split(" ... - ");
  expect(Array.from(shown)).toHaveLength(limits.drawnLabelCharactersMax);
  expect(shown.isWellFormed()).toBe(true);
});

test("any tree is a whole chart: every split has two ways, every way leads somewhere", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const tree = decide(anyDeliberation(createRandom(seed)));
    const { labels, edges } = read(mermaidOf(tree));
    expect([seed, labels.size]).toEqual([seed, 2 * edges.size + 1]);
  }
});
