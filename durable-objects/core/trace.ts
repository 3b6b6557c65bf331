/**
 * W3C Trace Context, the part that is carried: which trace of the client's a turn belongs to. Source: https://www.w3.org/TR/trace-context/
 * (version 00). Example: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`
 */

/** The header as it may be passed on, or null where it is none: the standard wants what is malformed to be ignored. */
export function parseTraceparent(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const [, version, traceId, parentId, flags, rest] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,64})?$/.exec(value) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return null;
  if (/^0+$/.test(traceId ?? "") || /^0+$/.test(parentId ?? "")) return null;
  // Of a later version only what this one knows is understood, and passed on as this one.
  return `00-${traceId}-${parentId}-${flags}`;
}

/** Of a JSON-RPC message: `{"traceparent":"00-4b…-01","tracestate":null}` */
export function traceparentOf(trace: unknown): string | null {
  return typeof trace === "object" && trace !== null && "traceparent" in trace ? parseTraceparent(trace.traceparent) : null;
}

/** 32 hexadecimal digits: the client's, else those of the turn's own id. */
export function traceIdOf(turnId: string, traceparent: string | undefined): string {
  return traceparent?.slice(3, 35) ?? digitsOf(turnId).slice(0, 32);
}

/** What an outgoing request of a turn says: the same trace, and the step as the parent. `seq` is the thread's last frame: no step begins at the same. */
export function stepTraceparent(turnId: string, seq: number, traceparent: string | undefined): string {
  const span = `${digitsOf(turnId).slice(-10)}${(seq % 0x1000000).toString(16).padStart(6, "0")}`;
  // What the client does not sample, nobody does.
  return `00-${traceIdOf(turnId, traceparent)}-${span}-${traceparent?.slice(53, 55) ?? "00"}`;
}

function digitsOf(turnId: string): string {
  return turnId.replaceAll("-", "").toLowerCase();
}
