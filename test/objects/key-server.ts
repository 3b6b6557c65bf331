/** Stands where a team's Cloudflare Access would: shows its keys, and signs whatever a test wants signed. Runs beside the tests, on Node. */
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { TestProject } from "vitest/node";

export default async function setup(project: TestProject): Promise<() => void> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "team", alg: "RS256", use: "sig" }] };
  const server = createServer(async (request, response) => {
    if (request.url === "/cdn-cgi/access/certs") return response.end(JSON.stringify(keys));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const claims = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    response.end(await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "team" }).sign(privateKey));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  project.provide("keyServer", `http://127.0.0.1:${address.port}`);
  return () => server.close();
}
