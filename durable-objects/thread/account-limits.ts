/**
 * Asks the account whether there is room, before anything is written: what is refused has not happened, and may be sent again under the
 * same key. An account that does not answer holds nobody up.
 */
import { quotaLimits } from "#core/limits";
import { Refusal, reachedLimitOf, type WireError } from "#protocol/errors";
import type { Host } from "#thread/host";

export class AccountLimits {
  private readonly host: Host;
  /** What the object held when it asked last; zero after it slept, so that a large thread asks once in each life. */
  private askedAtBytes = 0;

  constructor(host: Host) {
    this.host = host;
  }

  /** Throws the refusal. Whether the turn has its place among those at work. */
  async admitTurn(): Promise<boolean> {
    const answer = await this.answered(() => this.host.admitTurn());
    if (answer === null) return false;
    if ("refused" in answer) throw this.refusal(answer.refused);
    return answer.hasTurnSlot;
  }

  async admitThread(): Promise<void> {
    const answer = await this.answered(() => this.host.admitThread());
    if (answer) throw this.refusal(answer.refused);
  }

  /** Before `moreBytes` are written by a person. Most writes ask nobody. */
  async admitGrowth(moreBytes: number): Promise<void> {
    const bytes = this.host.storedBytes() + moreBytes;
    if (bytes - this.askedAtBytes < quotaLimits.storageStepBytes) return;
    const answer = await this.answered(() => this.host.admitStorage(this.host.storedBytes()));
    if (answer) throw this.refusal(answer.refused);
    this.askedAtBytes = bytes;
  }

  /** Null where nobody answered, and where there is nothing to say. */
  private async answered<Answer>(ask: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await ask();
    } catch (error) {
      this.host.report("accountLimitsUnknown", { error: String(error) });
      return null;
    }
  }

  private refusal(refused: WireError): Refusal {
    const reached = reachedLimitOf(refused.data);
    this.host.meter.count("requests_refused_total", { reason: reached?.limit === "turnsPerMinute" ? "rate" : "quota" });
    return new Refusal(refused);
  }
}
