/**
 * How often somebody may knock, counted by the platform where the request arrives: no object is asked, and each place of Cloudflare counts
 * for itself. The numbers stand in wrangler.toml. This machine, and a platform without the bindings, is not limited.
 */
import type { Context } from "hono";
import type { Environment } from "../durable-objects/environment.ts";
import { report } from "../durable-objects/platform.ts";
import { addressOf } from "./address.ts";
import { whatTheWorldMayLearn } from "./credentials/failure.ts";

/** Seconds over which the platform counts, as wrangler.toml says. */
export const ratePeriodSeconds = 60;

type Door = Pick<Context, "req"> & { env: Environment };

/** Every request of people and programs, before anything is looked up for it. */
export function mayKnock(context: Door): Promise<boolean> {
  return counted(context.env.REQUESTS_BY_ADDRESS, addressOf(context));
}

/** Every request of an account, from wherever. */
export function mayEnter(context: Door, account: string): Promise<boolean> {
  return counted(context.env.REQUESTS_BY_ACCOUNT, addressOf(context) === null ? null : account);
}

/** Every credential that was none. Good ones still come in: who shares an address with a broken client is not locked out. */
export function mayBeWrong(context: Door): Promise<boolean> {
  return counted(context.env.REFUSALS_BY_ADDRESS, addressOf(context));
}

/** For doors that have no page. */
export function tooManyRefusals(context: Context): Response {
  const { status, text } = whatTheWorldMayLearn({ type: "tooManyRefusals" });
  return context.text(text, status, { "retry-after": String(ratePeriodSeconds) });
}

async function counted(limit: RateLimit | undefined, key: string | null): Promise<boolean> {
  if (!limit || key === null) return true;
  try {
    return (await limit.limit({ key })).success;
  } catch (error) {
    // A counter that is away closes no door.
    report("rateLimitUnknown", { error: String(error) });
    return true;
  }
}
