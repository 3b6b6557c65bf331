/** A program that speaks HTTP, as the stories need it: every answer is kept, to be judged by docs/openapi.json. */
import { SELF } from "cloudflare:test";
import { inject } from "vitest";
import type { Wire } from "./client.ts";
import { headersFor } from "./front-door.ts";

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON, else the text; null where there is none. */
  body: Wire;
}

export interface CallOptions {
  headers?: Record<string, string>;
  /** As JSON, or a text as it is. */
  body?: unknown;
}

export class HttpCaller {
  readonly answers: object[] = [];
  private readonly credential: Record<string, string>;

  private constructor(credential: Record<string, string>) {
    this.credential = credential;
  }

  /** Without an account it comes as this machine does, without a credential. */
  static async of(account: string | null): Promise<HttpCaller> {
    return new HttpCaller(account === null ? {} : await headersFor(account));
  }

  /** The answer as it comes, for what streams. */
  open(verb: string, path: string, { headers = {}, body }: CallOptions = {}): Promise<Response> {
    const isText = typeof body === "string";
    const type: Record<string, string> = body === undefined || isText ? {} : { "Content-Type": "application/json" };
    return SELF.fetch(`http://127.0.0.1:8787${path}`, {
      method: verb,
      headers: { ...this.credential, ...type, ...headers },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
  }

  async call(verb: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.open(verb, path, options);
    const text = await response.text();
    const contentType = response.headers.get("content-type");
    const { status, headers } = response;
    if (!contentType?.startsWith("text/html")) this.answers.push({ http: { verb, path, status, contentType, body: text } });
    return { status, headers, body: /json/.test(contentType ?? "") ? JSON.parse(text) : text || null };
  }

  /** Everything that was answered, judged by the document. */
  async judged(): Promise<string[]> {
    const response = await fetch(inject("schemaServer"), { method: "POST", body: JSON.stringify(this.answers) });
    return response.json();
  }

  async thread(): Promise<string> {
    return (await this.call("POST", "/v1/threads", { body: { cwd: "/workspace" } })).body.thread.id;
  }

  async say(threadId: string, text: string): Promise<string> {
    const { body } = await this.call("POST", `/v1/threads/${threadId}/turns`, { body: { input: [{ type: "text", text }] } });
    return body.turn.id;
  }

  /** Follows until an event fits, then hangs up. */
  async until(threadId: string, isWanted: (frame: Wire) => boolean, after = 0): Promise<Wire[]> {
    const frames: Wire[] = [];
    for await (const { frame } of eventsOf(await this.open("GET", `/v1/threads/${threadId}/events?after=${after}`))) {
      frames.push(frame);
      if (isWanted(frame)) break;
    }
    return frames;
  }
}

export interface CaughtEvent {
  id: number;
  frame: Wire;
}

/** Leaving the loop hangs up. */
export async function* eventsOf(response: Response): AsyncGenerator<CaughtEvent> {
  if (response.status !== 200 || !response.body) throw new Error(`${response.status} ${await response.text()}`);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(part) ?? [];
        if (id !== undefined && data !== undefined) yield { id: Number(id), frame: JSON.parse(data) };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
