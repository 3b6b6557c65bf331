/** One shard of the metrics on the platform. Objects report to it, `/metrics` sums all of them; no client ever reaches it. */
import { DurableObject } from "cloudflare:workers";
import type { Totals } from "#core/metrics/exposition";
import type { Heard, Report } from "#core/metrics/report";
import { createLedgerSchema, Ledger } from "#metrics/ledger";
import type { Environment } from "../environment.ts";

export class MetricsObject extends DurableObject<Environment> {
  private readonly ledger: Ledger;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    createLedgerSchema(context.storage.sql);
    this.ledger = new Ledger(context.storage.sql, () => Date.now());
  }

  /** Durable when it is answered. Said again, say because the answer was lost, it changes nothing. */
  async take(report: Report): Promise<Heard> {
    return this.ctx.storage.transactionSync(() => this.ledger.take(report));
  }

  async read(): Promise<Totals> {
    return this.ctx.storage.transactionSync(() => this.ledger.read());
  }
}
