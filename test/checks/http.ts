/**
 * The HTTP door as a stranger's programs use it: `npm run check:http`. A server that `npm start` brings up, the session of docs/http.md as it
 * stands there, a receiver of webhooks with the library of Standard Webhooks, a proposal of `npm run agent` approved by curl, streams of events cut at
 * random bytes, a reader that does not read, and a table of bad input. Every answer is judged by docs/openapi.json.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventSource } from "eventsource";
import { Webhook } from "standardwebhooks";
import { limits } from "#core/limits";
import { answerProblem } from "../support/openapi-judge.ts";
import { bundleWorker, type MiniflareServer, startMiniflare } from "./miniflare-server.ts";
import { endGroup, endWithUs, pause } from "./process-group.ts";
import { freePort, projectRoot } from "./server.ts";

// biome-ignore lint/suspicious/noExplicitAny: the document has judged its shape.
type Wire = any;

const workplace = mkdtempSync(join(tmpdir(), "spindle-http-"));
/** Whatever the operator of this machine has set must not be what is tried here. */
const nothingConfigured = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPENAI|SPINDLE)_/.test(name)));
let passed = 0;
let failed = 0;
/** All that the server said. */
let said = "";
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const server = startServer();
const hooks = await startReceiver();
try {
  // Half a minute passes until such a reader is given up: meanwhile the others are tried.
  const slow = slowReader().then(
    () => null,
    (error) => error,
  );
  await serving();
  await step("the session of docs/http.md runs as it stands there", documentedSession);
  await step("the receiver heard of both, signed, each under its own id", heardOfBoth);
  await step("a proposal of `npm run agent` is approved by curl, and seen resolved there", approveForAgent);
  await step("events cut at 60 random bytes lose nothing, and repeat nothing", cutEvents);
  await step("an EventSource comes back by itself, and loses nothing", browserEvents);
  await step("bad input is refused by name, and another account finds nothing", badInput);
  await step("a reader that does not read is cut off, and goes on behind what it has", async () => {
    const problem = await slow;
    if (problem !== null) throw problem;
  });
} finally {
  hooks.server.close();
  hooks.server.closeAllConnections();
  await endGroup(server, { port, signal: "SIGTERM", asked: "leader" });
  rmSync(workplace, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function step(title: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    passed += 1;
    console.log(`ok     ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${title}\n       ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function documentedSession(): Promise<void> {
  const text = readFileSync(join(projectRoot, "docs/http.md"), "utf8");
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  const script = blocks.join("\n").replaceAll("http://127.0.0.1:8787", url).replaceAll("http://127.0.0.1:9000", hooks.url);
  // As a person's shell, but for an end at the first thing that goes wrong.
  const run = spawn("bash", ["-c", `set -eu -o pipefail\n${script}`], { cwd: workplace, env: nothingConfigured });
  let said = "";
  for (const stream of [run.stdout, run.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const timer = setTimeout(() => run.kill("SIGKILL"), 60_000);
  const code = await new Promise((resolve) => run.on("exit", resolve));
  clearTimeout(timer);
  equal(code, 0, said);
  for (const part of ["+alpha", '"name":"otherProposal"', "(refused)", '"itemStatus":"completed"', "notes.txt: alpha", "(cut)"]) {
    must(said, part);
  }
  hooks.secret = /webhook secret: (whsec_\S+)/.exec(said)?.[1] ?? "";
  hooks.threadId = /^thread: (\S+)/m.exec(said)?.[1] ?? "";
  const numbers = eventsIn(readFileSync(join(workplace, "events.txt"), "utf8")).map(({ id }) => id);
  equal(JSON.stringify(numbers), JSON.stringify(numbers.map((_, index) => index + 1)), "the stream has a hole");
  equal(said.split("turn/completed").length - 1, 1, said);
}

async function heardOfBoth(): Promise<void> {
  await until(() => hooks.calls.length >= 2, "two calls");
  const receiver = new Webhook(hooks.secret);
  const told = hooks.calls.map(({ body, headers }) => receiver.verify(body, headers as Record<string, string>) as Wire);
  equal(JSON.stringify(told.map(({ type }) => type)), '["approval.requested","turn.completed"]');
  equal(
    told.every(({ data }) => data.threadId === hooks.threadId),
    true,
  );
  // Its first attempt was answered with 500: the same message came again, signed anew.
  equal(hooks.refused.length, 1);
  equal(hooks.refused[0]?.headers["webhook-id"], hooks.calls[1]?.headers["webhook-id"]);
  equal(hooks.refused[0]?.headers["webhook-timestamp"] === hooks.calls[1]?.headers["webhook-timestamp"], false);
  equal(new Set(hooks.calls.map(({ headers }) => headers["webhook-id"])).size, 2);
}

async function approveForAgent(): Promise<void> {
  const folder = join(workplace, "folder");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.txt"), "old\n");
  const parameters = [
    "run",
    "--silent",
    "agent",
    "--",
    "--dir",
    folder,
    "--url",
    `ws://127.0.0.1:${port}`,
    'replace "old" with "new" in a.txt',
  ];
  const agent = spawn("npm", parameters, { cwd: projectRoot, env: nothingConfigured });
  let said = "";
  for (const stream of [agent.stdout, agent.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => agent.on("exit", resolve));
  const timer = setTimeout(() => agent.kill("SIGKILL"), 60_000);
  let approval: Wire;
  // Its own question is on the screen, and nobody answers there.
  for (let look = 0; look < 300 && !approval; look++) {
    approval = (await call("GET", "/v1/approvals")).body.data[0];
    if (!approval) await pause(100);
  }
  await until(() => said.includes("+new"), "the agent's diff");
  const { requestId, proposal } = approval;
  const body = JSON.stringify({ decision: "accept", proposalHash: proposal.hash });
  const curl = [
    "-sS",
    "--fail-with-body",
    "-H",
    "Content-Type: application/json",
    "-d",
    body,
    `${url}/v1/approvals/${requestId}/decision`,
  ];
  must(execFileSync("curl", curl).toString(), '"itemStatus":"completed"');
  // It was waiting at its prompt, and goes on because the thread says that somebody answered.
  const code = await Promise.race([ended, pause(30_000).then(() => "still waiting" as const)]);
  clearTimeout(timer);
  agent.stdin.end();
  equal(code, 0, said);
  equal(readFileSync(join(folder, "a.txt"), "utf8"), "new\n", said);
}

async function cutEvents(): Promise<void> {
  const threadId = await newThread();
  const text = Array.from({ length: 40 }, (_, line) => `say ${"words ".repeat(5)}${line}\nrun echo ${line}; seq 20`).join("\n");
  await say(threadId, text);
  const caught: { id: number; data: string }[] = [];
  let cuts = 0;
  const isDone = () => caught.at(-1)?.data.includes('"method":"turn/completed"') ?? false;
  while (!isDone() || cuts < 60) {
    // When all is said, what was read is forgotten up to some frame: a stream may be cut in its replay as well.
    if (isDone()) caught.length = Math.floor(Math.random() * caught.length);
    const proxy = await cuttingProxy(() => 200 + Math.floor(Math.random() * 6_000));
    const lastId = caught.at(-1)?.id;
    const headers = { ...(lastId === undefined ? {} : { "Last-Event-ID": String(lastId) }), connection: "close" };
    caught.push(...(await readUntilCut(`${proxy.url}/v1/threads/${threadId}/events`, headers, isOver)));
    if (proxy.cuts > 0) cuts += 1;
    proxy.close();
  }
  const whole = await readUntilCut(`${url}/v1/threads/${threadId}/events`, {}, isOver);
  equal(JSON.stringify(caught), JSON.stringify(whole), `${caught.length} frames in place of ${whole.length}`);
  equal(JSON.stringify(whole.map(({ id }) => id)), JSON.stringify(whole.map((_, index) => index + 1)));
  console.log(`       ${cuts} cuts, ${whole.length} frames`);
}

function isOver(data: string): boolean {
  return data.includes('"method":"turn/completed"');
}

/** Reads until the line is cut or `isLast`; an event whose end did not come is none. */
async function readUntilCut(
  address: string,
  headers: Record<string, string>,
  isLast: (data: string, id: number) => boolean,
): Promise<{ id: number; data: string }[]> {
  const stop = new AbortController();
  const events: { id: number; data: string }[] = [];
  let text = "";
  try {
    const response = await fetch(address, { headers, signal: AbortSignal.any([stop.signal, AbortSignal.timeout(30_000)]) });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString("latin1");
      const whole = eventsIn(text);
      if (whole.length === 0) continue;
      events.push(...whole);
      text = text.slice(text.lastIndexOf("\n\n") + 2);
      if (whole.some(({ data, id }) => isLast(data, id))) break;
    }
  } catch (error) {
    if (error instanceof Error && /^\d{3} /.test(error.message)) throw error;
    // Cut, which is what it is here for.
  }
  stop.abort();
  return events;
}

function eventsIn(text: string): { id: number; data: string }[] {
  const whole = text.slice(0, text.lastIndexOf("\n\n") + 2);
  return [...whole.matchAll(/^id: (\d+)\ndata: (.*)\n\n/gm)].map(([, id, data = ""]) => ({ id: Number(id), data }));
}

async function browserEvents(): Promise<void> {
  const threadId = await newThread();
  await say(threadId, Array.from({ length: 30 }, (_, line) => `say ${line}`).join("\n"));
  const proxy = await cuttingProxy((connection) => (connection <= 4 ? 1_500 : Number.POSITIVE_INFINITY));
  const heard: number[] = [];
  const source = new EventSource(`${proxy.url}/v1/threads/${threadId}/events`);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`heard ${heard.length} events`)), 30_000);
    source.onmessage = ({ lastEventId, data }) => {
      heard.push(Number(lastEventId));
      if (!isOver(data)) return;
      clearTimeout(timer);
      resolve();
    };
  }).finally(() => {
    source.close();
    proxy.close();
  });
  equal(proxy.cuts, 4);
  equal(JSON.stringify(heard), JSON.stringify(heard.map((_, index) => index + 1)));
}

async function badInput(): Promise<void> {
  const token = JSON.parse(
    execFileSync("curl", ["-sS", "-H", "Content-Type: application/json", "-d", '{"account":"bob"}', `${url}/tokens`]).toString(),
  ).token as string;
  const bob = { Authorization: `Bearer ${token}` };
  const threadId = await newThread();
  await say(threadId, "write b.txt: b");
  let approval: Wire;
  for (let look = 0; look < 100 && !approval; look++) {
    approval = (await call("GET", `/v1/threads/${threadId}/approvals`)).body.data[0];
    if (!approval) await pause(50);
  }
  const json = { "Content-Type": "application/json" };
  const decision = `/v1/approvals/${approval.requestId}/decision`;
  const yes = JSON.stringify({ decision: "accept", proposalHash: approval.proposal.hash });
  const input = (text: string) => JSON.stringify({ input: [{ type: "text", text }] });
  const rows: [
    verb: string,
    path: string,
    headers: Record<string, string>,
    body: string | undefined,
    status: number,
    name: string,
  ][] = [
    ["GET", "/v1/nothing", {}, undefined, 404, "noSuchRoute"],
    ["DELETE", "/v1/threads", {}, undefined, 405, "methodNotAllowed"],
    ["GET", "/v1/threads?limit=-1", {}, undefined, 400, "invalidParameter"],
    ["GET", `/v1/threads/${threadId}/events?after=99999`, {}, undefined, 409, "beyondTheLog"],
    ["POST", `/v1/threads/${threadId}/turns`, json, "{", 400, "invalidBody"],
    ["POST", `/v1/threads/${threadId}/turns`, {}, input("say hi"), 415, "unsupportedMediaType"],
    ["POST", `/v1/threads/${threadId}/turns`, json, input("x".repeat(1_048_577)), 413, "inputTooLarge"],
    ["POST", `/v1/threads/${threadId}/turns`, json, "x".repeat(9 * 1024 * 1024), 413, "bodyTooLarge"],
    ["PUT", `/v1/threads/${threadId}/file?path=/workspace/big`, {}, "x".repeat(7 * 1024 * 1024), 413, "bodyTooLarge"],
    ["POST", decision, json, '{"decision":"accept"}', 400, "proposalHashRequired"],
    ["POST", decision, json, '{"decision":"accept","proposalHash":"0"}', 409, "otherProposal"],
    ["POST", "/v1/webhooks", json, '{"url":"http://169.254.169.254/latest"}', 400, "webhookAddress"],
    [
      "GET",
      "/v1/threads",
      { Authorization: `Bearer spindle_0123456789abcdef_${"w".repeat(43)}` },
      undefined,
      401,
      "unauthorized",
    ],
    ["GET", "/v1/threads", { Origin: "https://evil.example" }, undefined, 403, "forbidden"],
    ["GET", `/v1/threads/${threadId}`, bob, undefined, 404, "threadNotLoaded"],
    ["GET", `/v1/threads/${threadId}/events`, bob, undefined, 404, "noRolloutFound"],
    ["POST", decision, { ...bob, ...json }, yes, 404, "approvalNotFound"],
  ];
  for (const [verb, path, headers, body, status, name] of rows) {
    const answer = await call(verb, path, { headers, ...(body === undefined ? {} : { body }) });
    equal(`${answer.status} ${answer.body?.name}`, `${status} ${name}`, `${verb} ${path}`);
  }
  equal((await call("GET", "/v1/threads", { headers: bob })).body.data.length, 0);
  // Nothing of it did anything: what waited still waits, and can be answered.
  const answered = await call("POST", decision, { headers: json, body: yes });
  equal(answered.body.itemStatus, "completed");
  equal((await call("GET", `/v1/threads/${threadId}`)).body.thread.id, threadId);
}

/** On a server without the proxy of `wrangler dev`, which would read in the reader's place. */
async function slowReader(): Promise<void> {
  const bundle = await bundleWorker();
  const own = await startMiniflare({ bundle });
  try {
    await readNothing(own);
  } finally {
    await own.close();
    rmSync(bundle, { recursive: true, force: true });
  }
}

async function readNothing(own: MiniflareServer): Promise<void> {
  const threadId = await newThread(own.url);
  // More than all that lies between the log and somebody who does not read: the operating system's buffers, the server's bound.
  for (let turn = 0; turn < 4; turn++)
    await wholeTurn(own.url, threadId, `say ${String.fromCharCode(97 + turn).repeat(900_000)}`);
  const events = `${own.url}/v1/threads/${threadId}/events`;
  const lastSeq = Number((await fetch(`${own.url}/v1/threads/${threadId}`)).headers.get("spindle-seq"));
  const endsLast = (_data: string, id: number) => id === lastSeq;
  const isClosed = () => own.logs().includes('"slowClientClosed"');
  const socket = connect(own.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("error", () => {});
  socket.write(`GET /v1/threads/${threadId}/events HTTP/1.1\r\nHost: 127.0.0.1:${own.port}\r\n\r\n`);
  socket.once("data", (chunk) => {
    chunks.push(chunk);
    socket.pause();
  });
  await until(isClosed, "the server to give up its reader", 2 * limits.acknowledgeMsMax);
  // What it finds when it reads at last ends where the server let go of it.
  let isAtEnd = false;
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    isAtEnd = chunk.toString("latin1").endsWith("0\r\n\r\n");
  });
  socket.on("close", () => {
    isAtEnd = true;
  });
  socket.resume();
  await until(() => isAtEnd, "the stream's end");
  socket.destroy();
  const read = eventsIn(dechunked(Buffer.concat(chunks).toString("latin1")));
  const lastId = read.at(-1)?.id ?? 0;
  const rest = await readUntilCut(events, { "Last-Event-ID": String(lastId) }, endsLast);
  const whole = await readUntilCut(events, {}, endsLast);
  equal(rest.length > 0 && read.length > 0, true, `it had read ${read.length}, and there were ${rest.length} more`);
  equal(JSON.stringify([...read, ...rest].map(({ id }) => id)), JSON.stringify(whole.map(({ id }) => id)));
}

/** Without the lengths that HTTP/1.1 puts between. */
function dechunked(text: string): string {
  let rest = text.slice(text.indexOf("\r\n\r\n") + 4);
  let whole = "";
  for (;;) {
    const end = rest.indexOf("\r\n");
    const length = Number.parseInt(rest.slice(0, end), 16);
    if (end === -1 || !(length > 0)) return whole;
    whole += rest.slice(end + 2, end + 2 + length);
    rest = rest.slice(end + 4 + length);
  }
}

async function newThread(at = url): Promise<string> {
  const body = JSON.stringify({ cwd: "/workspace" });
  return (await call("POST", "/v1/threads", { body, headers: { "Content-Type": "application/json" }, at })).body.thread.id;
}

async function say(threadId: string, text: string, at = url): Promise<string> {
  const body = JSON.stringify({ input: [{ type: "text", text }] });
  const headers = { "Content-Type": "application/json" };
  return (await call("POST", `/v1/threads/${threadId}/turns`, { body, headers, at })).body.turn.id;
}

async function wholeTurn(at: string, threadId: string, text: string): Promise<void> {
  await say(threadId, text, at);
  for (let look = 0; look < 600; look++) {
    const { thread } = (await call("GET", `/v1/threads/${threadId}`, { at })).body;
    if (thread.status.type === "idle") return;
    await pause(50);
  }
  throw new Error("the turn did not end");
}

/** Judged by the document on its way. */
async function call(
  verb: string,
  path: string,
  { at = url, ...init }: { headers?: Record<string, string>; body?: string; at?: string } = {},
) {
  const response = await fetch(at + path, { method: verb, ...init });
  const text = await response.text();
  const contentType = response.headers.get("content-type");
  const problem = answerProblem({ verb, path, status: response.status, contentType, body: text });
  if (problem !== null) throw new Error(problem);
  return { status: response.status, body: (/json/.test(contentType ?? "") ? JSON.parse(text) : text) as Wire };
}

/** Passes bytes on, and cuts each connection after so many of the server's. */
async function cuttingProxy(bytesOf: (connection: number) => number) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const proxy = {
    url: "",
    cuts: 0,
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  const listener: Server = createTcpServer((client) => {
    connections += 1;
    const upstream = connect(port, "127.0.0.1");
    let left = bytesOf(connections);
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
    client.on("data", (chunk) => upstream.write(chunk));
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.end());
    upstream.on("data", (chunk) => {
      if (left <= 0) return;
      const passedOn = chunk.subarray(0, Math.min(chunk.length, left));
      left -= passedOn.length;
      if (left > 0) return client.write(passedOn);
      proxy.cuts += 1;
      client.end(passedOn, () => client.destroy());
      return upstream.destroy();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  proxy.url = `http://127.0.0.1:${portOf(listener)}`;
  return proxy;
}

/** Refuses the first word of a turn's end. */
async function startReceiver() {
  const receiver = {
    url: "",
    secret: "",
    threadId: "",
    calls: [] as { body: string; headers: IncomingHttpHeaders }[],
    refused: [] as { body: string; headers: IncomingHttpHeaders }[],
    server: createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const heard = { body: Buffer.concat(chunks).toString(), headers: request.headers };
      const isFirst = receiver.refused.length === 0 && heard.body.includes("turn.completed");
      (isFirst ? receiver.refused : receiver.calls).push(heard);
      response.writeHead(isFirst ? 500 : 204).end();
    }),
  };
  await new Promise<void>((resolve) => receiver.server.listen(0, "127.0.0.1", resolve));
  receiver.url = `http://127.0.0.1:${portOf(receiver.server)}`;
  return receiver;
}

function portOf(listener: { address(): string | { port: number } | null }): number {
  const address = listener.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

function startServer(): ChildProcess {
  const parameters = ["start", "--", "--port", String(port), "--persist-to", join(workplace, "state")];
  const child = spawn("npm", parameters, { cwd: projectRoot, detached: true, env: nothingConfigured });
  endWithUs(child);
  return child;
}

async function serving(): Promise<void> {
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes("Spindle is ready"), "the server", 120_000).catch(() => {
    throw new Error(`the server did not come up:\n${said.slice(-2_000)}`);
  });
}

async function until(isThere: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !isThere(); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(50);
  }
}

function must(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`"${part}" is not in what was said:\n${text.slice(-1_500)}`);
}

function equal(found: unknown, wanted: unknown, said = ""): void {
  if (found === wanted) return;
  throw new Error(
    `found ${String(found).slice(0, 500)} instead of ${String(wanted).slice(0, 500)}${said && `\n${said.slice(-1_500)}`}`,
  );
}
