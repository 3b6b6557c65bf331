/** The account's empirical memory: what its threads learnt. The one writer of its fragments; threads read what it publishes in KV. */
import { DurableObject } from "cloudflare:workers";
import type { TurnReport } from "#core/memory/report";
import { answer, type MemoryReply } from "#memory/requests";
import { createTurnsSchema, Turns } from "#memory/turns";
import type { Request } from "#protocol/methods";
import type { Environment } from "../environment.ts";

export class MemoryObject extends DurableObject<Environment> {
  private readonly account: string;
  private readonly turns: Turns;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    const { name } = context.id;
    if (!name) throw new Error("a memory's object is always named");
    this.account = name;
    createTurnsSchema(context.storage.sql);
    this.turns = new Turns(context.storage.sql);
  }

  /** A thread tells what became of its turns. Twice the same changes nothing; it resolves when it is durable, and is said again until then. */
  async report(account: string, reports: TurnReport[]): Promise<void> {
    if (account !== this.account) throw new Error("a report of another account");
    this.ctx.storage.transactionSync(() => {
      for (const report of reports) this.turns.hear(report);
    });
  }

  async request(request: Request): Promise<MemoryReply> {
    return answer(request);
  }

  /** The thread is deleted: what came from it alone, and what was said in it, goes. */
  async forgetThread(threadId: string): Promise<void> {
    this.turns.forgetThread(threadId);
  }
}
