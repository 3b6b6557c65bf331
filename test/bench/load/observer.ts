/** Looks at workerd and at ourselves while the load lasts: memory, processor time, and how late our own event loop is. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { WorkerdProcess } from "../workerd-process.ts";

export interface Observation {
  /** Since the observer began. */
  seconds: number;
  residentMiB: number;
  /** Of one processor, since the observation before. */
  workerdCpuShare: number;
  ownCpuShare: number;
  /** Milliseconds, since the observation before: below this our event loop was late in 99 of 100 looks. */
  ownDelayMs: number;
}

export class Observer {
  readonly observations: Observation[] = [];
  private readonly workerd: WorkerdProcess;
  private readonly beganAtMs = performance.now();
  private readonly delay = monitorEventLoopDelay({ resolution: 10 });
  private lastAtMs = performance.now();
  private lastWorkerdMs: number;
  private lastOwn = process.cpuUsage();

  constructor(workerd: WorkerdProcess) {
    this.workerd = workerd;
    this.lastWorkerdMs = workerd.cpuMs();
    this.delay.enable();
  }

  observe(): Observation {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.lastAtMs;
    const workerdMs = this.workerd.cpuMs();
    const { user, system } = process.cpuUsage(this.lastOwn);
    const observation: Observation = {
      seconds: (nowMs - this.beganAtMs) / 1_000,
      residentMiB: this.workerd.residentMiB(),
      workerdCpuShare: (workerdMs - this.lastWorkerdMs) / elapsedMs,
      ownCpuShare: (user + system) / 1_000 / elapsedMs,
      ownDelayMs: this.delay.percentile(99) / 1e6,
    };
    this.lastAtMs = nowMs;
    this.lastWorkerdMs = workerdMs;
    this.lastOwn = process.cpuUsage();
    this.delay.reset();
    this.observations.push(observation);
    return observation;
  }
}

/** Growth by least squares: units of y for each one of x. */
export function slope(points: readonly { x: number; y: number }[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map((point) => point.x)), mean(points.map((point) => point.y))];
  const covariance = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
}
