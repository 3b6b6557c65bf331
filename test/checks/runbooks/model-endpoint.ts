/** An endpoint of a model that can be broken: when it is well, it answers as `rehearsal` does. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createRehearsalFetch } from "#models/rehearsal";

export type Health = "well" | "down" | "silent" | "stuck" | "refusing";

export interface ModelEndpoint {
  health: Health;
  /** For a server, and for the commands of a runbook. */
  env: Record<string, string>;
  close(): Promise<void>;
}

export async function startModelEndpoint(health: Health): Promise<ModelEndpoint> {
  const rehearse = createRehearsalFetch({ newId: () => crypto.randomUUID(), sleep: async () => {} });
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const { health: now } = endpoint;
    if (now === "silent") return;
    if (now === "down" || now === "refusing") {
      response.writeHead(now === "down" ? 503 : 401, { "content-type": "application/json" });
      return void response.end(JSON.stringify({ error: { message: `this endpoint is ${now}` } }));
    }
    if (request.method !== "POST") return void response.end(JSON.stringify({ data: [] }));
    const answer = await rehearse("http://endpoint.test/v1/responses", { method: "POST", body });
    const text = await answer.text();
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" });
    // Stuck: it begins to speak, and then holds its breath.
    if (now === "stuck") response.write(text.slice(0, text.indexOf("response.output_text.delta")));
    else response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint: ModelEndpoint = {
    health,
    env: { OPENAI_API_KEY: "a-key", OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_MODEL: "check-model" },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return endpoint;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
