/**
 * The thread's place among the turns of its account that work at once. The turn begins at once, so that it can be steered and stopped
 * like any other; it is the model that is asked only when there is a place. A turn that waits for a person holds none.
 */
import { limits } from "#core/limits";
import type { Host } from "#thread/host";

export class TurnSlot {
  private readonly host: Host;
  /** Unix ms until which the place needs no renewal; null when we hold none, or have forgotten it: asking again is harmless. */
  private freshToMs: number | null = null;

  constructor(host: Host) {
    this.host = host;
  }

  /** Whether the turn may work now. A Directory that cannot be reached holds nobody up. */
  async take(): Promise<boolean> {
    if (this.freshToMs !== null && this.host.now() < this.freshToMs) return true;
    const isTaken = await this.host.takeTurnSlot().catch((error) => {
      this.host.report("turnSlotUnknown", { error: String(error) });
      return true;
    });
    this.freshToMs = isTaken ? this.host.now() + limits.heartbeatMs : null;
    return isTaken;
  }

  /** Called by the heartbeat: one long answer of a model must not outlive the lease. */
  async renew(): Promise<void> {
    if (this.freshToMs !== null) await this.take();
  }

  release(): void {
    if (this.freshToMs === null) return;
    this.freshToMs = null;
    // Should this be lost, the lease ends by itself.
    this.host.releaseTurnSlot().catch((error) => this.host.report("turnSlotKept", { error: String(error) }));
  }
}
