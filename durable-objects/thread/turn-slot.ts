/**
 * The thread's place among the turns of its account that work at once. The turn begins at once, so that it can be steered and stopped
 * like any other; it is the model that is asked only when there is a place. A turn that waits for a person holds none. Where the Directory
 * is told news anyway, as when a turn begins or ends, the place is asked for and given back with them.
 */
import { limits } from "#core/limits";
import type { Step } from "#core/next";
import type { TurnSlotWish } from "#directory/news";
import type { Host } from "#thread/host";

export class TurnSlot {
  private readonly host: Host;
  /** Unix ms until which the place needs no renewal; null when we hold none, or have forgotten it: asking again is harmless. */
  private freshToMs: number | null = null;
  /** Since it was asked for last, nobody has given it back. */
  private isWanted = false;
  /** The Directory is being asked. */
  private taking: Promise<boolean> | null = null;

  constructor(host: Host) {
    this.host = host;
  }

  /** What the news that are told now can ask for along the way. `step`: what the thread does next, null where it rests. */
  wish(step: Step["type"] | null): TurnSlotWish {
    if (step === null) return this.freshToMs === null ? "keep" : "release";
    return step === "askModel" && !this.isFresh() && !this.taking ? "take" : "keep";
  }

  /** News with this wish are under way: whoever needs the place meanwhile waits for their answer. */
  wished(wish: TurnSlotWish, told: Promise<boolean>): void {
    // Should this be lost, the lease ends by itself.
    if (wish === "release") {
      this.freshToMs = null;
      this.isWanted = false;
    }
    if (wish === "take") {
      this.isWanted = true;
      void this.settle(told);
    }
  }

  /** Whether the turn may work now. A Directory that cannot be reached holds nobody up. */
  async take(): Promise<boolean> {
    this.isWanted = true;
    if (this.isFresh()) return true;
    return this.taking ?? this.settle(this.host.takeTurnSlot());
  }

  /** The account gave the place together with its word that the turn may begin. */
  granted(): void {
    this.isWanted = true;
    this.freshToMs = this.host.now() + limits.heartbeatMs;
  }

  /** Called by the heartbeat: one long answer of a model must not outlive the lease. */
  async renew(): Promise<void> {
    if (this.freshToMs !== null) await this.take();
  }

  /** `tokens`: what the turn cost, where no news tell of it. */
  release(tokens?: number): void {
    this.isWanted = false;
    if (this.freshToMs === null) return;
    this.freshToMs = null;
    // Should this be lost, the lease ends by itself.
    this.host.releaseTurnSlot(tokens).catch((error) => this.host.report("turnSlotKept", { error: String(error) }));
  }

  private isFresh(): boolean {
    return this.freshToMs !== null && this.host.now() < this.freshToMs;
  }

  private settle(answer: Promise<boolean>): Promise<boolean> {
    this.taking = answer
      .catch((error) => {
        this.host.report("turnSlotUnknown", { error: String(error) });
        return true;
      })
      .then((isTaken) => {
        this.taking = null;
        this.freshToMs = isTaken ? this.host.now() + limits.heartbeatMs : null;
        // The turn was stopped meanwhile.
        if (!this.isWanted) this.release();
        return isTaken;
      });
    return this.taking;
  }
}
