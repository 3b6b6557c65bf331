/**
 * The one place through which requests leave the house. Each has a purpose that says to which addresses it may go, no redirect is followed,
 * and an endpoint that mostly fails is left alone for a while. What an isolate knows of an endpoint it has found out itself.
 */
import { ask, type Circuit, CircuitOpen, closedCircuit, type Outcome, settled } from "#core/circuit";

/** The address is none that this purpose may call. Says its host and no more of it. */
export class OutboundRefused extends Error {}

/** One structured line for the operator. */
type Report = (event: string, details: Record<string, unknown>) => void;

export interface OutboundOptions {
  /** For the operator's log. */
  purpose: string;
  allows(url: URL): boolean;
  breaker?: Breaker;
  report?: Report;
  /** The platform's own unless said, for tests. */
  fetch?: typeof fetch;
}

/** A `fetch` for one purpose. Rejects with `OutboundRefused` or `CircuitOpen` where nothing was sent. Redirects come back as they are. */
export function outboundFetch({
  purpose,
  allows,
  breaker,
  report = toOperator,
  fetch: send = platformFetch,
}: OutboundOptions): typeof fetch {
  const guarded = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = URL.parse(input instanceof Request ? input.url : String(input));
    if (url === null || !allows(url)) {
      const host = url?.host ?? "no address";
      report("outboundRefused", { purpose, host });
      throw new OutboundRefused(`${purpose} may not call ${host}`);
    }
    const tell = breaker?.enter();
    try {
      const response = await send(input as never, { ...init, redirect: "manual" } as never);
      tell?.(response.status >= 500 ? "failed" : "answered");
      return response;
    } catch (error) {
      // Somebody who stops a request says nothing of the endpoint; a deadline does.
      const isStopped = init?.signal?.aborted && (init.signal.reason as Error | undefined)?.name !== "TimeoutError";
      if (!isStopped) tell?.("failed");
      throw error;
    }
  };
  return guarded as typeof fetch;
}

const toOperator: Report = (event, details) => console.log(JSON.stringify({ event, ...details }));

const platformFetch: typeof fetch = (input: RequestInfo | URL, init?: RequestInit) => fetch(input as never, init as never);

/** Whether an address is below another: same scheme, host and port, and a path that goes on from there. */
export function isBelow(base: string): (url: URL) => boolean {
  const root = URL.parse(base);
  if (root === null) return () => false;
  const path = root.pathname.replace(/\/+$/, "");
  return (url) =>
    url.origin === root.origin &&
    url.username === "" &&
    url.password === "" &&
    (url.pathname === path || url.pathname.startsWith(`${path}/`));
}

/** Same scheme, host and port. */
export function isAt(base: string): (url: URL) => boolean {
  const root = URL.parse(base);
  return (url) => url.origin === root?.origin && url.username === "" && url.password === "";
}

/** One circuit, its changes told to the operator. */
export class Breaker {
  private readonly name: string;
  private readonly report: Report;
  private readonly now: () => number;
  private readonly changed: (state: Circuit["state"]) => void;
  private circuit: Circuit;

  /** `changed` hears of each change, after it. */
  constructor(
    name: string,
    report: Report,
    { now = () => Date.now(), changed = () => {} }: { now?: () => number; changed?: (state: Circuit["state"]) => void } = {},
  ) {
    this.name = name;
    this.report = report;
    this.now = now;
    this.changed = changed;
    this.circuit = closedCircuit(now());
  }

  get state(): Circuit["state"] {
    return this.circuit.state;
  }

  /** Throws `CircuitOpen`. Returns how to say what came of the request; the first word counts, and who was stopped says none. */
  enter(): (outcome: Outcome) => void {
    const asked = ask(this.circuit, this.now());
    this.become(asked.circuit);
    if ("waitMs" in asked) throw new CircuitOpen(this.name, asked.waitMs);
    let isTold = false;
    return (outcome) => {
      if (isTold) return;
      isTold = true;
      this.become(settled(this.circuit, outcome, this.now()));
    };
  }

  private become(circuit: Circuit): void {
    const { state } = this.circuit;
    this.circuit = circuit;
    if (circuit.state === state) return;
    this.report("circuitChanged", { circuit: this.name, from: state, to: circuit.state });
    this.changed(circuit.state);
  }
}
