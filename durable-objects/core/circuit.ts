/**
 * A circuit breaker as a value: closed while an endpoint answers, open when it mostly fails, half open for one request that tries it again.
 * Pure: who asks says what time it is (Unix ms), and keeps what comes back.
 */
import { circuitLimits } from "#core/limits";

export type Circuit =
  /** Requests and failures of the running window, and of the one before: of that counts what is left of it. */
  | { state: "closed"; sinceMs: number; current: Tally; previous: Tally }
  /** `opened` counts the times in a row, and makes the pause longer. */
  | { state: "open"; untilMs: number; opened: number }
  /** One request is on its way. If nothing is heard of it by then, another may go. */
  | { state: "halfOpen"; untilMs: number; opened: number };

/** The endpoint failed too often just now, and nothing was sent. */
export class CircuitOpen extends Error {
  readonly retryAfterMs: number;

  constructor(name: string, retryAfterMs: number) {
    super(`${name} failed too often just now and is asked again in ${Math.ceil(retryAfterMs / 1_000)} s`);
    this.retryAfterMs = retryAfterMs;
  }
}

interface Tally {
  requests: number;
  failures: number;
}

export type Outcome = "answered" | "failed";

const none: Tally = { requests: 0, failures: 0 };

export function closedCircuit(nowMs: number): Circuit {
  return { state: "closed", sinceMs: nowMs, current: none, previous: none };
}

/** Whether a request may go; where it may not, how many milliseconds until one may. */
export function ask(circuit: Circuit, nowMs: number): { circuit: Circuit; passes: true } | { circuit: Circuit; waitMs: number } {
  if (circuit.state === "closed") return { circuit, passes: true };
  // A clock that was set back must not keep it open for longer than any pause is.
  const waitMs = Math.min(circuit.untilMs - nowMs, circuitLimits.openMsMax);
  if (waitMs > 0) return { circuit, waitMs };
  return { circuit: { state: "halfOpen", untilMs: nowMs + circuitLimits.trialMsMax, opened: circuit.opened }, passes: true };
}

/** What came of a request. One that somebody stopped says nothing, and is not told here. */
export function settled(circuit: Circuit, outcome: Outcome, nowMs: number): Circuit {
  switch (circuit.state) {
    case "closed": {
      const moved = movedTo(circuit, nowMs);
      const current = {
        requests: moved.current.requests + 1,
        failures: moved.current.failures + (outcome === "failed" ? 1 : 0),
      };
      const counted = { ...moved, current };
      return isFailing(counted, nowMs) ? opened(1, nowMs) : counted;
    }
    // Of before it opened: it knows nothing new.
    case "open":
      return circuit;
    case "halfOpen":
      return outcome === "answered" ? closedCircuit(nowMs) : opened(circuit.opened + 1, nowMs);
    default:
      return circuit satisfies never;
  }
}

function opened(times: number, nowMs: number): Circuit {
  const { openMs, openMsMax } = circuitLimits;
  return { state: "open", untilMs: nowMs + Math.min(openMs * 2 ** Math.min(times - 1, 20), openMsMax), opened: times };
}

type Closed = Extract<Circuit, { state: "closed" }>;

function movedTo(circuit: Closed, nowMs: number): Closed {
  const { windowMs } = circuitLimits;
  const windows = Math.floor((nowMs - circuit.sinceMs) / windowMs);
  if (windows === 0) return circuit;
  if (windows === 1) return { state: "closed", sinceMs: circuit.sinceMs + windowMs, current: none, previous: circuit.current };
  return { state: "closed", sinceMs: nowMs, current: none, previous: none };
}

function isFailing({ sinceMs, current, previous }: Closed, nowMs: number): boolean {
  const left = 1 - (nowMs - sinceMs) / circuitLimits.windowMs;
  const requests = current.requests + previous.requests * left;
  const failures = current.failures + previous.failures * left;
  return failures >= circuitLimits.failuresMin && failures / requests >= circuitLimits.failureShareMin;
}
