/** One client of the fuzzing, from its handshake to its goodbye: sends what the dice say, judges what comes. */
import { nestingDepthMax } from "#protocol/json-rpc";
import { isServed } from "#protocol/methods";
import { clientRequests, validateFrame } from "../../support/codex-schema.ts";
import type { Random } from "../../support/random.ts";
import { generate } from "./generate.ts";
import { known, learn } from "./known.ts";
import { garbage, mutate } from "./mutate.ts";

/** Requests of one client that are under way. */
const requestsAtOnce = 16;
/** A client says goodbye after so many frames, and a new one comes, with other capabilities. */
const framesPerClient = 1_000;
/** More than the slowest request needs, a command that waits a minute for its input: after it the server is taken to hang. */
const patienceMs = 120_000;
/** As many problems as anybody will read. */
const problemsMax = 20;

/** What all clients together sent and heard. */
export interface Tally {
  framesMax: number;
  frames: number;
  requests: number;
  results: number;
  refusals: number;
  overloaded: number;
  notifications: number;
  serverRequests: number;
  clients: number;
  problems: string[];
  methodsAnswered: Set<string>;
}

export function isOver({ frames, framesMax, problems }: Tally): boolean {
  return frames >= framesMax || problems.length >= problemsMax;
}

/** Those that make something happen come often; those that begin or end threads seldom, because then nothing else would happen. */
const methodsToAsk = [...clientRequests().keys()].flatMap((method) => Array<string>(weightOf(method)).fill(method));

function weightOf(method: string): number {
  switch (method) {
    case "turn/start":
      return 60;
    case "thread/resume":
      return 20;
    case "thread/start":
    case "thread/fork":
      return 2;
    case "thread/delete":
    case "thread/archive":
      return 1;
    default:
      return isServed(method) ? 6 : 1;
  }
}

function answerTo(id: unknown, method: string, random: Random): unknown {
  const decision = random.pick(["accept", "acceptForSession", "decline", "cancel", "nonsense"]);
  if (random.chance(0.1)) return { id, error: { code: -1, message: "no" } };
  if (random.chance(0.1)) return { id, result: null };
  return method.endsWith("requestApproval")
    ? { id, result: { decision } }
    : { id, result: { answers: {}, contentItems: [], success: true } };
}

/** The bound of the envelope, where the server drops a frame as serde_json does. */
function isTooDeep(value: unknown, depth = 1): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth > nestingDepthMax || Object.values(value).some((inner) => isTooDeep(inner, depth + 1));
}

/** One client from its handshake to its goodbye. */
export async function talk(url: string, tally: Tally, random: Random): Promise<void> {
  tally.clients += 1;
  const socket = new WebSocket(url);
  const asked: Conversation["asked"] = new Map();
  const serverRequests: Conversation["serverRequests"] = [];
  let serial = 0;
  let isClosing = false;
  socket.onmessage = ({ data }) => hear(String(data), { asked, serverRequests, tally });
  const closed = new Promise<void>((resolve) => {
    socket.onclose = ({ code, reason }) => {
      if (!isClosing) tally.problems.push(`the server closed a socket: ${code} ${reason}`);
      for (const { answered } of asked.values()) answered();
      resolve();
    };
  });
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("no socket"));
  });

  const send = (frame: unknown) => {
    tally.frames += 1;
    socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  };
  const ask = async (message: Record<string, unknown>, method: string) => {
    const id = message.id as string | number;
    tally.requests += 1;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((answered) => {
      asked.set(id, { method, answered });
      timer = setTimeout(() => {
        tally.problems.push(`not answered within ${patienceMs} ms: ${JSON.stringify(message).slice(0, 300)}`);
        answered();
      }, patienceMs);
      send(message);
    });
    clearTimeout(timer);
    tally.methodsAnswered.add(method);
  };
  const newId = () => {
    serial += 1;
    return random.chance(0.5) ? serial : `fuzz-${serial}`;
  };

  const experimentalApi = random.chance(0.85);
  const extensions = random.chance(0.5) ? { "spindle/replay": {} } : null;
  const capabilities = { experimentalApi, extensions, optOutNotificationMethods: random.chance(0.1) ? ["turn/started"] : null };
  const handshake = { clientInfo: { name: "fuzz", version: "1" }, capabilities };
  await ask({ id: newId(), method: "initialize", params: handshake }, "initialize");

  const underWay = new Set<Promise<void>>();
  for (let count = 0; count < framesPerClient && !isOver(tally); count++) {
    if (socket.readyState !== WebSocket.OPEN) break;
    const dice = random.below(100);
    if (dice < 4) send(garbage(random));
    else if (dice < 12 && serverRequests.length > 0) {
      const { id, method } = serverRequests.splice(random.below(serverRequests.length), 1)[0] ?? {};
      send(answerTo(id, method ?? "", random));
    } else {
      const method = random.pick(methodsToAsk);
      const message = { ...(generate(clientRequests().get(method), { random, known }) as object), id: newId(), method };
      const frame = dice < 35 ? (mutate(message, random) as Record<string, unknown>) : message;
      // A request without a method, or with one that is no text, is no request: the real server drops it too.
      if (typeof frame.method !== "string" || isTooDeep(frame)) send(frame);
      else {
        const answered = ask(frame, frame.method).finally(() => underWay.delete(answered));
        underWay.add(answered);
        if (underWay.size >= requestsAtOnce) await Promise.race(underWay);
      }
    }
  }
  await Promise.all(underWay);
  isClosing = true;
  socket.close();
  await closed;
}

interface Conversation {
  asked: Map<string | number, { method: string; answered: () => void }>;
  serverRequests: { id: unknown; method: string }[];
  tally: Tally;
}

function hear(text: string, { asked, serverRequests, tally }: Conversation): void {
  const message = JSON.parse(text);
  try {
    validateFrame(message, { to: "client", methodOf: (id) => asked.get(id as string)?.method });
  } catch (error) {
    const [problem = "", frame = ""] = String(error).split("\n");
    tally.problems.push(`${problem.slice(0, 300)} ${frame.slice(0, 500)}`);
  }
  if (typeof message.method === "string") {
    if (message.id === undefined) tally.notifications += 1;
    else {
      tally.serverRequests += 1;
      serverRequests.push({ id: message.id, method: message.method });
    }
    learn(message.params);
    return;
  }
  const request = asked.get(message.id);
  if (!request) return;
  asked.delete(message.id);
  if (!message.error) {
    tally.results += 1;
    learn(message.result);
  } else if (message.error.code === -32001) tally.overloaded += 1;
  else {
    tally.refusals += 1;
    // The code of what the file system says; ours says that something broke inside.
    if (/Spindle failed/.test(message.error.message)) tally.problems.push(`${request.method} broke something inside`);
  }
  request.answered();
}
