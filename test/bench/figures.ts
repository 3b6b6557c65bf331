/** What a bench found, in one form for all of them: printed by the bench itself, or handed to `npm run bench`, which makes one table of all. */
import { milliseconds, table } from "./statistics.ts";

export interface Figure {
  what: string;
  unit: Unit;
  /** At the bench's ranks, in their order; as many as were taken. */
  ours: number[];
  /** The same of the baseline; absent where nothing runs beside it. */
  baseline?: number[];
  /** Ours by the baseline's, taken within a round where the bench has rounds. */
  ratio?: number[];
  samples: number;
}

export type Unit = "ms" | "MiB" | "KiB" | "/s" | "";

export interface Findings {
  bench: string;
  /** What `ours` and `baseline` hold: `p50 / p95`. */
  ranks: string;
  baseline: string | null;
  figures: Figure[];
  /** What has to be known to read them: sentences. */
  notes: string[];
}

/** Prints the findings, or hands them to who started this bench, which has them when this resolves. */
export async function report(findings: Findings): Promise<void> {
  if (process.send) {
    await new Promise((resolve) => process.send?.(findings, undefined, undefined, resolve));
    return;
  }
  console.log(table(rowsOf(findings)));
  for (const note of findings.notes) console.log(note);
}

/** A heading and a row for each figure: name, baseline, ours, ratio, samples. */
export function rowsOf({ ranks, baseline, figures }: Findings): string[][] {
  return [
    [ranks, baseline ?? "–", "spindle", "ratio", "samples"],
    ...figures.map(({ what, unit, ours, baseline, ratio, samples }) => [
      unit === "" ? what : `${what}, ${unit}`,
      cell(baseline, unit),
      cell(ours, unit),
      ratio ? ratio.map((value) => value.toFixed(2)).join(" / ") : "–",
      samples.toLocaleString("en"),
    ]),
  ];
}

function cell(values: number[] | undefined, unit: Unit): string {
  return values ? values.map((value) => shown(value, unit)).join(" / ") : "–";
}

function shown(value: number, unit: Unit): string {
  if (unit === "ms" && value < 1) return value.toFixed(2);
  if (unit === "ms") return milliseconds(value);
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString("en");
}
