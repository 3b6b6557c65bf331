/**
 * GitHub without GitHub: a stateful emulator behind a gate that knows GitHub's own description of its API. What the emulator lacks stands
 * in `missing.ts`; what goes wrong on the way is ordered by the test.
 */
import { createEmulator, type Emulator } from "emulate";
import { answerMissing, type Missing, newMissing } from "./missing.ts";
import { type Asked, judgeRequest } from "./schema-gate.ts";

export const people = { owner: "olga", writer: "wanda", stranger: "stan" } as const;
export const app = { id: 4711, slug: "spindle" } as const;
export const installationId = 99;
export const repositoryName = { owner: "acme", repo: "widgets" } as const;

/** What a fault does with a request: an answer instead of GitHub's, or nothing for ever; before GitHub heard of it, or after. */
export interface Fault {
  /** The request it is for. Example: `POST /repos/acme/widgets/issues/1/comments` */
  matches(asked: Asked): boolean;
  when: "before" | "after";
  answer: { status: number; headers?: Record<string, string>; body?: object } | "hang" | "cut";
  /** How often; once unless said otherwise. */
  times?: number;
}

export interface Stage {
  url: string;
  /** In the place of the platform's `fetch`. */
  fetch: typeof fetch;
  /** As a person, past the gate. */
  as(login: string, method: string, path: string, body?: object): Promise<Response>;
  /** What the Worker asked of GitHub, in order, without faulty requests that GitHub never heard of. */
  heard: Asked[];
  /** Requests that GitHub's description does not allow; a test wants none. */
  problems: string[];
  faults: Fault[];
  missing: Missing;
  repositoryId: number;
  close(): Promise<void>;
}

/** Each of a person's tokens may ask 5,000 times; a check that looks again and again needs more. */
function tokensOf(login: string): string[] {
  return Array.from({ length: 40 }, (_, index) => `token-of-${login}${index === 0 ? "" : `-${index}`}`);
}

let requests = 0;

function nextToken(login: string): string {
  requests += 1;
  return tokensOf(login)[requests % 40] ?? "";
}

export async function openStage({
  privateKey,
  webhook,
}: {
  privateKey: string;
  webhook?: { url: string; secret: string };
}): Promise<Stage> {
  const permissions = { contents: "write", pull_requests: "write", issues: "write", checks: "write", metadata: "read" };
  const emulator = await createEmulator({
    service: "github",
    port: 0,
    seed: {
      tokens: Object.fromEntries(
        Object.values(people).flatMap((login) => tokensOf(login).map((token) => [token, { login, scopes: ["repo"] }])),
      ),
      github: {
        users: Object.values(people).map((login) => ({ login })),
        orgs: [{ login: repositoryName.owner, members: [{ login: people.owner, role: "admin" }] }],
        repos: [{ owner: repositoryName.owner, name: repositoryName.repo, auto_init: true }],
        apps: [
          {
            app_id: app.id,
            slug: app.slug,
            name: "Spindle",
            private_key: privateKey,
            permissions,
            events: ["*"],
            webhook_url: webhook?.url,
            webhook_secret: webhook?.secret,
            installations: [{ installation_id: installationId, account: repositoryName.owner, permissions }],
          },
        ],
      },
    },
  });
  return stageOn(emulator);
}

async function stageOn(emulator: Emulator): Promise<Stage> {
  const heard: Asked[] = [];
  const problems: string[] = [];
  const faults: Fault[] = [];
  const missing = newMissing(emulator.url);
  const as = (login: string, method: string, path: string, body?: object) =>
    fetch(`${emulator.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${nextToken(login)}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });

  const handle = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const text = request.method === "GET" || request.method === "DELETE" ? "" : await request.text();
    const asked: Asked = { method: request.method, path: `${url.pathname}${url.search}`, body: text === "" ? null : text };
    problems.push(...judgeRequest(asked).map((problem) => `${asked.method} ${asked.path}: ${problem}`));
    const fault = takeFault(faults, asked);
    // Not the request's own, which on Node only follows this one for as long as nobody collects it.
    const signal = init?.signal ?? null;
    if (fault?.when === "before") return faulty(fault, signal);
    heard.push(asked);
    const answered =
      (await answerMissing(missing, asked, request.headers)) ??
      (await fetch(`${emulator.url}${asked.path}`, { method: asked.method, headers: headersOf(request), body: asked.body }));
    return fault ? faulty(fault, signal) : answered;
  };

  const repository = (await (await as(people.owner, "GET", `/repos/${repositoryName.owner}/${repositoryName.repo}`)).json()) as {
    id: number;
  };
  const collaborator = `/repos/${repositoryName.owner}/${repositoryName.repo}/collaborators/${people.writer}`;
  const invited = await as(people.owner, "PUT", collaborator, { permission: "push" });
  if (!invited.ok) throw new Error(`${people.writer} may not write: ${invited.status} ${await invited.text()}`);
  return {
    url: emulator.url,
    fetch: handle as typeof fetch,
    as,
    heard,
    problems,
    faults,
    missing,
    repositoryId: repository.id,
    close: () => emulator.close(),
  };
}

function headersOf(request: Request): Record<string, string> {
  const authorization = request.headers.get("authorization");
  return { "content-type": "application/json", ...(authorization === null ? {} : { authorization }) };
}

function takeFault(faults: Fault[], asked: Asked): Fault | null {
  const index = faults.findIndex(({ matches }) => matches(asked));
  const fault = faults[index];
  if (!fault) return null;
  fault.times = (fault.times ?? 1) - 1;
  if (fault.times === 0) faults.splice(index, 1);
  return fault;
}

function faulty({ answer }: Fault, signal: AbortSignal | null): Promise<Response> | Response {
  if (answer === "cut") throw new TypeError("the connection was cut");
  if (answer === "hang") {
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
  }
  return new Response(JSON.stringify(answer.body ?? { message: "a fault" }), {
    status: answer.status,
    headers: answer.headers ?? {},
  });
}
