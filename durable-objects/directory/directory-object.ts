/** The account's index of threads: what can be listed, searched and answered across threads. It knows only what threads told it. */
import { DurableObject } from "cloudflare:workers";
import { createDirectorySchema, Directory } from "#directory/directory";
import { answer, type DirectoryReply } from "#directory/requests";
import type { ThreadSummary } from "#directory/summary";
import type { Request } from "#protocol/methods";
import type { Environment } from "../environment.ts";

export class DirectoryObject extends DurableObject<Environment> {
  private readonly directory: Directory;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    createDirectorySchema(context.storage.sql);
    this.directory = new Directory(context.storage.sql);
  }

  async update(summary: ThreadSummary | { threadId: string; deleted: true }): Promise<void> {
    if ("deleted" in summary) this.directory.remove(summary.threadId);
    else this.directory.update(summary);
  }

  async request(request: Request): Promise<DirectoryReply> {
    return answer(this.directory, request);
  }
}
