/** What a load run is judged by has to see a fault where there is one. */
import { expect, test } from "vitest";
import { markdownTable, section } from "../bench/documented.ts";
import { rowsOf } from "../bench/figures.ts";
import { slope } from "../bench/load/observer.ts";
import { ThreadRecord } from "../bench/load/thread-record.ts";
import { LogCounts } from "../checks/metrics/log-counts.ts";

const begun = { method: "turn/started", params: {} };
const ended = { method: "turn/completed", params: { turn: { status: "completed" } } };

test("a frame that nobody heard, and one that two clients heard differently, are found; what two heard alike counts once", () => {
  const counts = new LogCounts();
  const record = new ThreadRecord("thread", counts);
  expect(record.take(1, "one", begun)).toBeNull();
  expect(record.take(1, "one", begun)).toBeNull();
  expect(record.take(1, "another", begun)).toContain("differs");
  expect(record.take(3, "three", ended)).toContain("nobody heard 2");
  expect(record.isWorking).toBe(true);
  expect(record.take(2, "two", ended)).toBeNull();
  expect(record.isWorking).toBe(false);
  const expected = Object.fromEntries(
    counts.expected().map(([name, labels, value]) => [[name, ...Object.values(labels)].join(" "), value]),
  );
  expect(expected).toMatchObject({
    spindle_frames_appended_total: 2,
    spindle_turns_started_total: 1,
    "spindle_turns_completed_total completed": 1,
    spindle_turns_running: 0,
  });
});

test("memory that grows by two a thousand turns is seen through what one reading says more and the next less", () => {
  const points = [10, 13, 14, 17, 18].map((y, x) => ({ x, y }));
  expect(slope(points)).toBeCloseTo(2, 5);
  expect(slope(points.map(({ x }) => ({ x, y: 5 })))).toBe(0);
});

test("a figure has its baseline and ratio beside it, or a dash; a page's part is replaced and nothing else of it", () => {
  const rows = rowsOf({
    bench: "turn",
    ranks: "p50 / p95",
    baseline: "codex",
    figures: [
      { what: "a turn", unit: "ms", ours: [5, 20], baseline: [10, 10], ratio: [0.5, 2], samples: 1_000 },
      { what: "frames", unit: "", ours: [12.34], samples: 3 },
    ],
    notes: [],
  });
  expect(markdownTable(rows).split("\n")).toEqual([
    "| p50 / p95 | codex | spindle | ratio | samples |",
    "| --- | --- | --- | --- | --- |",
    "| a turn, ms | 10 / 10 | 5.0 / 20 | 0.50 / 2.00 | 1,000 |",
    "| frames | – | 12 | – | 3 |",
  ]);
  const page = "before\n<!-- bench -->\nold\n<!-- /bench -->\nafter";
  expect(section(page, "bench")).toBe("old");
  expect(section(page, "bench", "new")).toBe("before\n<!-- bench -->\nnew\n<!-- /bench -->\nafter");
  expect(() => section(page, "load")).toThrow("no part load");
});
