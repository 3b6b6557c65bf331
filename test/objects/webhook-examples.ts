/** Gives the stories GitHub's published webhook payloads, which are files: all of them, by the event. */
import { createServer } from "node:http";
import examples from "@octokit/webhooks-examples" with { type: "json" };
import type { TestProject } from "vitest/node";

export default async function setup(project: TestProject): Promise<() => void> {
  const server = createServer((_request, response) => {
    response.end(JSON.stringify(examples.map(({ name, examples: payloads }) => ({ name, payloads }))));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  project.provide("webhookExamples", `http://127.0.0.1:${address.port}`);
  return () => server.close();
}
