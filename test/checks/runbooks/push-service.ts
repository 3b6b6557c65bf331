/** A push service that is down: it answers 503, and takes what comes once it is not. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export async function startPushService(): Promise<{ host: string; isDown: boolean; close(): void }> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(service.isDown ? 503 : 201).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service = { host, isDown: true, close: () => void server.close() };
  return service;
}
