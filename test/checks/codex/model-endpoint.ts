/** The rehearsal behind a real HTTP endpoint, so that a server under check can have a model with a name and efforts of its own. */
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { createRehearsalFetch } from "#models/rehearsal";

export interface ModelEndpoint {
  /** For `OPENAI_BASE_URL`. */
  baseUrl: string;
  /** The bodies that were asked with, in order. */
  // biome-ignore lint/suspicious/noExplicitAny: a check knows what it looks for
  requests: any[];
  close(): void;
}

export async function startModelEndpoint(): Promise<ModelEndpoint> {
  const requests: ModelEndpoint["requests"] = [];
  const sleep = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));
  const rehearse = createRehearsalFetch({ newId: () => crypto.randomUUID(), sleep, countIntervalMs: 100 });
  const listener = createServer(async (request, response) => {
    const body = await new Response(Readable.toWeb(request) as ReadableStream).text();
    requests.push(JSON.parse(body));
    const answer = await rehearse(`http://localhost${request.url}`, { method: "POST", body });
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    for await (const chunk of answer.body ?? []) response.write(chunk);
    response.end();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  if (!address || typeof address !== "object") throw new Error("a listener on a port has an address");
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    requests,
    close() {
      listener.close();
      listener.closeAllConnections();
    },
  };
}
