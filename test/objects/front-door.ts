/** The Worker as a platform with another environment would run it, and tokens for those who come in. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { accessStub, type Environment } from "../../durable-objects/environment.ts";
import { accountOfSubject } from "../../workers/credentials/account.ts";
import { newCapabilityToken } from "../../workers/credentials/capability-token.ts";
import { hashOf } from "../../workers/credentials/secret.ts";
import worker from "../../workers/index.ts";

const environment = env as unknown as Environment;

export interface Asked {
  /** `https://` in front of it where TLS matters. */
  host?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  environment?: Partial<Environment>;
}

export async function ask(path: string, asked: Asked = {}): Promise<Response> {
  const { host = "127.0.0.1:8787", method = "GET", headers = {}, body = null } = asked;
  const context = createExecutionContext();
  const url = `${host.includes("://") ? host : `http://${host}`}${path}`;
  const request = new Request(url, { method, headers, body, redirect: "manual" });
  // What the door counts is told behind the answer, which is waited for.
  const response = await worker.fetch(
    request,
    { ...environment, SPINDLE_METRICS_INTERVAL_MS: "1", ...asked.environment },
    context,
  );
  await waitOnExecutionContext(context);
  return response;
}

/** Status and text; a socket that was opened is closed again. */
export async function answerOf(response: Response): Promise<[status: number, text: string]> {
  if (!response.webSocket) return [response.status, await response.text()];
  response.webSocket.accept();
  response.webSocket.close();
  return [response.status, ""];
}

/** A token as the operator would make one. */
export async function tokenFor(subject: string, expiresAtMs: number | null = null): Promise<{ id: string; token: string }> {
  const { id, token } = newCapabilityToken();
  const account = accountOfSubject(subject) ?? "";
  await accessStub(environment).createToken({ id, hash: await hashOf(token), account, label: "", expiresAtMs });
  return { id, token };
}

export async function headersFor(subject: string): Promise<Record<string, string>> {
  return { Authorization: `Bearer ${(await tokenFor(subject)).token}` };
}
