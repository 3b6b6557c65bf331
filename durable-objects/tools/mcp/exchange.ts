/** One request to an MCP server over streamable HTTP: one POST, and the answer to it out of JSON or a stream, bounded. */
import { mcpLimits } from "#core/limits";

/** What became of a request that has no result. `mayHaveHappened`: it was sent, and nobody knows what came of it. */
export class McpFailure extends Error {
  override readonly name = "McpFailure";
  readonly mayHaveHappened: boolean;
  /** Of the HTTP answer, where there was one. */
  readonly status: number | null;
  /** The server's own refusal, where it said one. */
  readonly code: number | null;
  readonly data: unknown;

  constructor(
    message: string,
    {
      mayHaveHappened,
      status = null,
      code = null,
      data = null,
    }: { mayHaveHappened: boolean; status?: number | null; code?: number | null; data?: unknown },
  ) {
    super(message);
    this.mayHaveHappened = mayHaveHappened;
    this.status = status;
    this.code = code;
    this.data = data;
  }
}

export interface Exchange {
  url: string;
  headers: Record<string, string>;
  message: { id?: number; method: string; params?: object };
  signal: AbortSignal;
  /** The guarded `fetch` of this server. */
  send: typeof fetch;
}

/** Null for a notification. `headers` are the answer's. Throws `McpFailure`. */
export async function exchange({
  url,
  headers,
  message,
  signal,
  send,
}: Exchange): Promise<{ result: unknown; headers: Headers } | null> {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  let response: Response;
  try {
    const all = { ...headers, "content-type": "application/json", accept: "application/json, text/event-stream" };
    response = await send(url, { method: "POST", headers: all, body, signal, redirect: "manual" });
  } catch (error) {
    // A circuit that is open, or an address that may not be called, has sent nothing.
    const wasSent = !(error instanceof Error && /CircuitOpen|OutboundRefused/.test(error.constructor.name));
    throw new McpFailure(signal.aborted ? "it did not answer in time" : "it cannot be reached", { mayHaveHappened: wasSent });
  }
  try {
    if (message.id === undefined) return await discarded(response);
    return { result: await resultIn(response, message.id), headers: response.headers };
  } catch (error) {
    await response.body?.cancel().catch(() => {});
    if (error instanceof McpFailure) throw error;
    throw new McpFailure(signal.aborted ? "it did not answer in time" : "its answer broke off", { mayHaveHappened: true });
  }
}

async function discarded(response: Response): Promise<null> {
  await response.body?.cancel();
  return null;
}

async function resultIn(response: Response, id: number): Promise<unknown> {
  const { status } = response;
  if (status >= 300 && status < 400)
    throw new McpFailure("it sends elsewhere, which is not followed", { mayHaveHappened: false, status });
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok && !type.startsWith("application/json")) {
    await response.body?.cancel();
    throw new McpFailure(`it refused with HTTP ${status}`, { mayHaveHappened: status >= 500, status });
  }
  if (type.startsWith("text/event-stream")) {
    for await (const data of eventsOf(response)) {
      const message = parsed(data);
      // Progress and logs are nobody's here; a request of the server's goes unanswered, because nothing was announced that it could ask for.
      if (message?.id === id && message.method === undefined) return resultOf(message, status);
    }
    throw new McpFailure("its stream ended without an answer", { mayHaveHappened: true, status });
  }
  let text = "";
  for await (const part of boundedText(response)) text += part;
  const message = parsed(text);
  if (message === null)
    throw new McpFailure(response.ok ? "its answer is no JSON" : `it refused with HTTP ${status}`, {
      mayHaveHappened: response.ok || status >= 500,
      status,
    });
  if (message.id !== id && message.error === undefined)
    throw new McpFailure("it answered another request", { mayHaveHappened: true, status });
  return resultOf(message, status);
}

function resultOf({ result, error }: Record<string, unknown>, status: number): unknown {
  if (error !== undefined) {
    const { code, message, data } = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
    const said = typeof message === "string" ? message.slice(0, mcpLimits.errorCharactersMax) : "no reason was given";
    throw new McpFailure(said, { mayHaveHappened: false, status, code: typeof code === "number" ? code : null, data });
  }
  if (result === undefined) throw new McpFailure("its answer holds neither result nor error", { mayHaveHappened: true, status });
  return result;
}

/** The data of each event (WHATWG); other fields say nothing here. */
async function* eventsOf(response: Response): AsyncGenerator<string> {
  let rest = "";
  let data: string[] = [];
  for await (const part of boundedText(response)) {
    const lines = (rest + part).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      else if (line === "" && data.length > 0) {
        yield data.join("\n");
        data = [];
      }
    }
  }
}

async function* boundedText(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const read = await reader?.read();
      if (read?.value === undefined) break;
      bytes += read.value.byteLength;
      if (bytes > mcpLimits.answerBytesMax) {
        throw new McpFailure(`its answer is longer than ${mcpLimits.answerBytesMax} bytes`, {
          mayHaveHappened: true,
          status: response.status,
        });
      }
      yield decoder.decode(read.value, { stream: true });
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
