/** Sessions with the real server beside ours: what differs once names and times are made the same. */
import type { Message, Wire } from "./client.ts";

/** What we never send, or what the real server says of a machine that ours does not have. */
const notOurs = ["account/rateLimits/updated", "remoteControl/status/changed", "configWarning", "warning"];

/** The server's side of a recorded session, in order, without its answers to `initialize`. `text` is the transcript's file. */
export function recorded(text: string): Message[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): { dir: string; msg: Message } => JSON.parse(line))
    .filter(({ dir, msg }) => dir === "s2c" && !(msg.id === 1 && msg.method === undefined))
    .map(({ msg }) => msg);
}

/** A session as it may be compared: answers and frames in order, streamed text in one piece, nothing said twice. */
export function told(messages: readonly Message[]): Message[] {
  const heard: Message[] = [];
  for (const { seq: _, ...message } of messages) {
    if (message.method && notOurs.includes(message.method)) continue;
    const last = heard.at(-1);
    if (last?.method === message.method && last?.params?.delta !== undefined && last.params.itemId === message.params.itemId) {
      heard[heard.length - 1] = { ...last, params: { ...last.params, delta: last.params.delta + message.params.delta } };
    } else if (message.method !== "turn/diff/updated" || !heard.some((earlier) => same(earlier.params, message.params))) {
      heard.push(message);
    }
  }
  return heard;
}

/** One line a message: what came, in which order. */
export function outline(messages: readonly Message[]): string[] {
  return messages.map(({ method, result, params, error }) => {
    if (!method)
      return error
        ? `refused: ${error.message}`
        : `answer: ${Object.keys(result ?? {})
            .join(" ")
            .slice(0, 40)}`;
    if (method === "thread/status/changed")
      return `${method} ${[params.status.type, ...(params.status.activeFlags ?? [])].join(" ")}`;
    if (method.startsWith("item/") && params.item) return `${method} ${params.item.type} ${params.item.status ?? ""}`.trim();
    if (method === "turn/completed") return `${method} ${params.turn.status}`;
    return method;
  });
}

/** Every value that differs, as `where: theirs → ours`, each once. Both lists have the same outline. */
export function differences(theirs: readonly Message[], ours: readonly Message[]): string[] {
  const found = new Set<string>();
  theirs.forEach((message, index) => {
    const name = message.method ?? `answer ${index}`;
    compare(message.method ? name : "answer", neutral(message), neutral(ours[index]), found);
  });
  return [...found].sort();
}

function compare(where: string, theirs: Wire, ours: Wire, found: Set<string>): void {
  if (same(theirs, ours)) return;
  if (isObject(theirs) && isObject(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      compare(`${where}.${key}`, theirs[key], ours[key], found);
    }
    return;
  }
  found.add(`${where}: ${shown(theirs)} → ${shown(ours)}`);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

/** Ids, times, counts of tokens and what the person typed stand as their names; null stays null. */
function neutral(value: Wire, key = ""): Wire {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((entry) => neutral(entry, key));
  if (isObject(value) && value.type === "text") return { ...value, text: "<typed>" };
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, neutral(entry, name)]));
  if (/^(id|requestId|.*Id)$/.test(key) && key !== "environmentId") return `<${typeof value} id>`;
  if (/(At|AtMs|durationMs|Tokens)$/.test(key)) return `<${key}>`;
  if (key === "hash" || key === "revision" || key === "command" || key === "preview") return `<${key}>`;
  return value;
}

function isObject(value: unknown): value is Record<string, Wire> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
