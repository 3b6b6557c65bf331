/** The account's flags as a turn has them: read when it first asks its model, and not again while it runs. */
import { defaultFlags, type Flags, readSetFlags } from "#core/flags";
import { flagLimits } from "#core/limits";
import type { Host } from "#thread/host";

export class TurnFlags {
  /** The defaults until a turn has read them; an object that died reads them anew. */
  current: Flags = defaultFlags;
  private readonly host: Host;
  private readAtMs: number | null = null;
  private turnId = "";

  constructor(host: Host) {
    this.host = host;
  }

  /** Never throws: what cannot be read in time is the default. */
  async read(turnId: string): Promise<void> {
    if (this.turnId === turnId) return;
    this.turnId = turnId;
    const { host } = this;
    if (this.readAtMs !== null && host.now() - this.readAtMs < flagLimits.heldMsMax) return;
    try {
      this.current = { ...defaultFlags, ...readSetFlags(await host.readFlags(flagLimits.readMsMax)) };
      this.readAtMs = host.now();
    } catch (error) {
      this.current = defaultFlags;
      this.readAtMs = null;
      host.report("flagsUnreadable", { threadId: host.threadId, error: String(error) });
    }
  }
}
