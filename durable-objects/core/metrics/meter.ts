/** Where code counts what stands in no log. Costs an addition in memory; never throws and never waits. */
import type { CounterName, HistogramName, LabelsOf } from "#core/metrics/table";

export interface Meter {
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  observe(name: HistogramName, durationMs: number): void;
}

/** For worlds in which nobody asks. */
export const noMeter: Meter = { count: () => {}, observe: () => {} };
