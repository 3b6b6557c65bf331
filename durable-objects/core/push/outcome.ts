/** What a push service's answer means for one push to one device, and when it is tried again. */
import { pushLimits } from "#core/limits";

/** What the service said; null where nothing came back: no connection, no answer in time. */
export type PushAnswer = { status: number; retryAfter: string | null } | null;

export type PushOutcome =
  | { type: "delivered" }
  /** The browser took the subscription back: it goes. */
  | { type: "gone"; reason: string }
  | { type: "retry"; atMs: number; reason: string }
  /** Nothing that is tried again would help, or it was tried often enough. */
  | { type: "givenUp"; reason: string };

/**
 * Source: RFC 8030, sections 5 and 8.4. `attempts` counts this one, `endsAtMs` (Unix) is when nobody wants the push any more, `random` is
 * in [0, 1).
 */
export function outcomeOf(
  answer: PushAnswer,
  { attempts, nowMs, endsAtMs, random }: { attempts: number; nowMs: number; endsAtMs: number; random: number },
): PushOutcome {
  const reason = answer === null ? "the push service could not be reached" : `the push service answered ${answer.status}`;
  if (answer !== null && answer.status >= 200 && answer.status < 300) return { type: "delivered" };
  if (answer?.status === 404 || answer?.status === 410) return { type: "gone", reason };
  const passes = answer === null || answer.status === 408 || answer.status === 429 || answer.status >= 500;
  if (!passes || attempts >= pushLimits.attemptsMax) return { type: "givenUp", reason };
  const grown = Math.min(pushLimits.retryPauseMs * 2 ** (attempts - 1), pushLimits.retryPauseMsMax);
  // Between half of it and all of it, so that devices that failed together do not come back together.
  const pauseMs = retryAfterMs(answer?.retryAfter ?? null, nowMs) ?? grown * (0.5 + random / 2);
  const atMs = nowMs + Math.ceil(pauseMs);
  return atMs >= endsAtMs ? { type: "givenUp", reason } : { type: "retry", atMs, reason };
}

/** Seconds or a date, as RFC 9110, section 10.2.3 has it; null where it says nothing that can be read. */
export function retryAfterMs(
  header: string | null,
  nowMs: number,
  pauseMsMax: number = pushLimits.retryAfterMsMax,
): number | null {
  if (header === null) return null;
  const text = header.trim();
  const pauseMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  if (Number.isNaN(pauseMs)) return null;
  return Math.min(Math.max(pauseMs, pushLimits.retryPauseMs), pauseMsMax);
}
