/** Judges frames by Codex's own schema. It runs beside the tests, on Node, because ajv makes code at run time and workerd allows none. */
import { createServer } from "node:http";
import type { TestProject } from "vitest/node";
import { checkAnswer, checkClientMessage, checkResult, checkServerMessage } from "../support/codex-schema.ts";
import { answerProblem, type HttpAnswer } from "../support/openapi-judge.ts";

/** What one frame was: a message of the server's own, its answer to a method, a request that it took, a client's answer to its own, or an answer of the HTTP API. */
export type Judged =
  | { message: unknown }
  | { method: string; result: unknown }
  | { request: unknown }
  | { answerTo: string; result: unknown }
  | { http: HttpAnswer };

export default async function setup(project: TestProject): Promise<() => void> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const frames = JSON.parse(Buffer.concat(chunks).toString()) as Judged[];
    response.end(JSON.stringify(frames.flatMap((frame) => problemOf(frame) ?? [])));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  project.provide("schemaServer", `http://127.0.0.1:${address.port}/`);
  return () => server.close();
}

function problemOf(frame: Judged): string | null {
  try {
    if ("http" in frame) return answerProblem(frame.http);
    if ("message" in frame) checkServerMessage(frame.message);
    else if ("request" in frame) checkClientMessage(frame.request);
    else if ("answerTo" in frame) checkAnswer(frame.answerTo, frame.result);
    else checkResult(frame.method, frame.result);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
