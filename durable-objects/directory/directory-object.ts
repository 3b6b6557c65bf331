/** The account's index of threads: what can be listed, searched and answered across threads. It knows only what threads told it. */
import { DurableObject } from "cloudflare:workers";
import { createDirectorySchema, Directory } from "#directory/directory";
import { answer, type DirectoryReply } from "#directory/requests";
import type { ThreadSummary } from "#directory/summary";
import { createTurnSlotsSchema, releaseTurnSlot, takeTurnSlot } from "#directory/turn-slots";
import type { Request } from "#protocol/methods";
import type { Environment } from "../environment.ts";

export class DirectoryObject extends DurableObject<Environment> {
  private readonly directory: Directory;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    createDirectorySchema(context.storage.sql);
    createTurnSlotsSchema(context.storage.sql);
    this.directory = new Directory(context.storage.sql);
  }

  async update(summary: ThreadSummary | { threadId: string; deleted: true }): Promise<void> {
    if ("deleted" in summary) this.directory.remove(summary.threadId);
    else this.directory.update(summary);
  }

  async request(request: Request): Promise<DirectoryReply> {
    return answer(this.directory, request);
  }

  async takeTurnSlot(threadId: string): Promise<boolean> {
    return takeTurnSlot(this.ctx.storage.sql, threadId, Date.now());
  }

  async releaseTurnSlot(threadId: string): Promise<void> {
    releaseTurnSlot(this.ctx.storage.sql, threadId);
  }
}
