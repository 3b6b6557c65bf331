/**
 * What the memory takes of a turn: finding and choosing among 10,000 fragments, on Node's V8. `npm run bench:memory -- --fragments 10000`.
 * A reader builds the index once for each snapshot that it takes.
 */
import { parseArgs } from "node:util";
import { choose } from "#core/memory/choice";
import { type Fragment, noStatistics } from "#core/memory/fragment";
import { buildIndex, type Index, search } from "#core/memory/retrieval";
import { Random } from "../simulation/random.ts";
import { type Figure, report } from "./figures.ts";
import { percentile } from "./statistics.ts";

const { values } = parseArgs({ options: { fragments: { type: "string" }, seed: { type: "string" } } });
const total = Number(values.fragments ?? 10_000);
const random = new Random(Number(values.seed ?? 1));
const queriesTotal = 2_000;
const ranks = [50, 95, 99];

/** Words as unevenly frequent as people's: the n-th about 1/n as often as the first (Zipf). */
const word = () => `word${Math.floor(3_000 ** random.next())}`;
const text = (words: number) => Array.from({ length: words }, word).join(" ");
const languages = ["typescript", "python", "rust", "go"];
const tasks = ["fix", "add", "test", "refactor"];

const fragments = Array.from({ length: total }, (_, place): Fragment => {
  const keys = [`language:${random.pick(languages)}`, `task:${random.pick(tasks)}`, `error:${word()}`];
  return {
    id: `fragment-${place}`,
    version: 1,
    account: "local",
    scope: { type: "account" },
    kind: "strategy",
    title: text(8),
    when: text(14),
    content: text(60),
    keys,
    trust: "agent",
    provenance: [],
    state: "active",
    stateSince: 0,
    createdAt: 0,
    lastUsedAt: 0,
    statistics: { ...noStatistics, weight: random.below(100), credit: random.below(20) - 8 },
    rating: null,
    lineage: { operation: "add", parents: [] },
  };
});

const building: number[] = [];
let index: Index = buildIndex([]);
for (let round = 0; round < 5; round++) {
  const startedAt = performance.now();
  index = buildIndex(fragments);
  building.push(performance.now() - startedAt);
}
const questions = [12, 60, 400].map((words): Figure => {
  const samples: number[] = [];
  let found = 0;
  for (let round = 0; round < queriesTotal; round++) {
    const query = { text: text(words), keys: [`language:${random.pick(languages)}`, `task:${random.pick(tasks)}`] };
    const startedAt = performance.now();
    const candidates = search(index, query);
    choose(candidates, 0.03, () => random.next());
    samples.push(performance.now() - startedAt);
    found += candidates.length;
  }
  if (found === 0) throw new Error("nothing was found: the bench measures nothing");
  return {
    what: `finding and choosing, for a question of ${words} words`,
    unit: "ms",
    ours: ranks.map((percent) => percentile(samples, percent)),
    samples: queriesTotal,
  };
});
await report({
  bench: "memory",
  ranks: ranks.map((percent) => `p${percent}`).join(" / "),
  baseline: null,
  figures: [
    ...questions,
    {
      what: "building the index, once for each snapshot",
      unit: "ms",
      ours: [percentile(building, 50)],
      samples: building.length,
    },
  ],
  notes: [`${total.toLocaleString("en")} fragments, on Node's V8.`],
});
process.exit(0);
