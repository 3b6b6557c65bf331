/** The account's index of threads: what can be listed, searched and answered across threads. It knows only what threads told it. */
import { DurableObject } from "cloudflare:workers";
import { createDirectorySchema, Directory } from "#directory/directory";
import type { Listed, ThreadSummary } from "#directory/summary";
import { Refusal } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
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

  async list(params: Params<"thread/list">): Promise<Listed> {
    try {
      return { result: this.directory.list(params) };
    } catch (error) {
      if (error instanceof Refusal) return { refused: error.wire };
      throw error;
    }
  }

  async listLoaded(params: Params<"thread/loaded/list">): Promise<Result<"thread/loaded/list">> {
    return this.directory.listLoaded(params);
  }
}
