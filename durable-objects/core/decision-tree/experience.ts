/** What an account learnt of how its models and its probes are to be taken, from assumptions whose truth became known. */
import { type Calibration, isRefitDue, type Resolved, recalibrate, uncalibrated } from "#core/decision-tree/calibration";
import type { SensorCounts } from "#core/decision-tree/sensor";
import { limits } from "#core/limits";
import type { ResolvedAssumption } from "#core/memory/report";
import { type AssumptionKind, assumptionKind } from "#protocol/declare-assumptions";

/** To be stored as it is: plain data, at most `limits.calibrationSamplesMax` samples a kind. The first two are what a turn needs. */
export interface Experience {
  calibration: Calibration;
  sensors: SensorCounts;
  /** Oldest first. */
  samples: Partial<Record<AssumptionKind, Resolved[]>>;
  /** How many of them came since the kind was last fitted. */
  unfitted: Partial<Record<AssumptionKind, number>>;
}

export const noExperience: Experience = { calibration: uncalibrated, sensors: {}, samples: {}, unfitted: {} };

/**
 * Learns what a turn's report says. `earlier` is what the report before it said of the same turn: what is said again counts once, and
 * what is said otherwise, or no more, is taken back. A kind is fitted anew after `limits.calibrationRefitAfter` truths, and the line is adopted only
 * if it is not worse on the newest of them.
 */
export function withResolved(
  before: Experience,
  resolved: readonly ResolvedAssumption[],
  earlier: readonly ResolvedAssumption[] = [],
): Experience {
  const takenBack = earlier.filter((old) => !resolved.some((now) => isSame(now, old)));
  const added = resolved.filter((now) => !earlier.some((old) => isSame(now, old)));
  return fitted(added.reduce(learnt, takenBack.reduce(unlearnt, before)));
}

function learnt({ samples, unfitted, sensors, calibration }: Experience, assumption: ResolvedAssumption): Experience {
  const { kind, stated, isTrue } = assumption;
  const kept = [...(samples[kind] ?? []), { stated, isTrue }].slice(-limits.calibrationSamplesMax);
  return {
    calibration,
    sensors: counted(sensors, assumption, 1),
    samples: { ...samples, [kind]: kept },
    unfitted: { ...unfitted, [kind]: (unfitted[kind] ?? 0) + 1 },
  };
}

/** A sample that has left by its age stays forgotten; the counts do not age. */
function unlearnt({ samples, sensors, ...rest }: Experience, assumption: ResolvedAssumption): Experience {
  const { kind, stated, isTrue } = assumption;
  const all = samples[kind] ?? [];
  const place = all.findLastIndex((sample) => sample.stated === stated && sample.isTrue === isTrue);
  return {
    ...rest,
    sensors: counted(sensors, assumption, -1),
    samples: { ...samples, [kind]: place < 0 ? all : all.toSpliced(place, 1) },
  };
}

function counted(sensors: SensorCounts, { kind, isTrue, observations }: ResolvedAssumption, by: 1 | -1): SensorCounts {
  const counts = { ...sensors };
  for (const { method, observed } of observations) {
    const key = `${method} ${kind}`;
    const before = counts[key] ?? { truePositives: 0, falseNegatives: 0, trueNegatives: 0, falsePositives: 0 };
    const cell = cellOf(isTrue, observed);
    counts[key] = { ...before, [cell]: Math.max(0, before[cell] + by) };
  }
  return counts;
}

function cellOf(isTrue: boolean, observed: boolean): keyof SensorCounts[string] {
  if (isTrue) return observed ? "truePositives" : "falseNegatives";
  return observed ? "falsePositives" : "trueNegatives";
}

function fitted(experience: Experience): Experience {
  let { calibration } = experience;
  const unfitted = { ...experience.unfitted };
  for (const kind of assumptionKind.options) {
    if (!isRefitDue(unfitted[kind] ?? 0)) continue;
    calibration = recalibrate(calibration, kind, experience.samples[kind] ?? []);
    unfitted[kind] = 0;
  }
  return { ...experience, calibration, unfitted };
}

function isSame(one: ResolvedAssumption, other: ResolvedAssumption): boolean {
  return (
    one.id === other.id &&
    one.isTrue === other.isTrue &&
    one.stated === other.stated &&
    JSON.stringify(one.observations) === JSON.stringify(other.observations)
  );
}
