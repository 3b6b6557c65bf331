/** How long a question takes from the log to the first client that is there. Not where nobody is: that is waiting, and no delivery. */
import type { Frame } from "#core/frame";
import type { Meter } from "#core/metrics/meter";
import { serverRequests } from "#protocol/server-requests";

export class ApprovalDelivery {
  private readonly meter: Meter;
  /** `seq` → when it was asked, Unix ms. In memory only: what was asked in a former life of the object is not measured. */
  private readonly asked = new Map<number, number>();

  constructor(meter: Meter) {
    this.meter = meter;
  }

  appended(frames: readonly Frame[], clients: number): void {
    if (clients === 0) return;
    for (const { seq, method, emittedAtMs } of frames)
      if (Object.hasOwn(serverRequests, method)) this.asked.set(seq, emittedAtMs);
  }

  /** A client has everything up to `cursor`. */
  handed(cursor: number, nowMs: number): void {
    for (const [seq, askedAtMs] of this.asked) {
      if (seq > cursor) continue;
      this.asked.delete(seq);
      this.meter.observe("approval_delivery_seconds", nowMs - askedAtMs);
    }
  }

  /** The last client that followed is gone. */
  deserted(): void {
    this.asked.clear();
  }
}
