/** What was counted, as Markdown: first the counts, then what follows from them by the prices alone. */
import type { Measured } from "./measure.ts";
import { prices } from "./prices.ts";

/** An answer of a real model; the rehearsal's is shorter, and duration is billed by the clock. Thread and connection work as long. */
export const turnSeconds = 30;
/** How often a socket is opened anew: networks, laptops that sleep, deployments. */
const connectionsPerHour = 1;

export interface CountRow {
  what: string;
  perTurn: number;
  perThread: number;
  perConnection: number;
}

export function countRows({ turns, ofTurns, ofThread, ofConnection }: Measured): CountRow[] {
  const names = new Set([ofTurns, ofThread, ofConnection].flatMap((counts) => Object.keys(counts)));
  return [...names]
    .filter((what) => !what.startsWith("bytes "))
    .sort()
    .map((what) => ({
      what,
      perTurn: rounded((ofTurns[what] ?? 0) / turns),
      perThread: rounded(ofThread[what] ?? 0),
      perConnection: rounded(ofConnection[what] ?? 0),
    }));
}

/** Of a thread with the turns that were counted. The server's first thread has as good as nothing. */
export function threadBytes({ threads, ofTurns }: Measured): number {
  return Math.round((ofTurns["bytes Thread"] ?? 0) / (threads + 1));
}

export function countTable(rows: readonly CountRow[], bytes: number): string {
  return [
    "| counted | a turn | a thread begins | a connection |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ what, perTurn, perThread, perConnection }) => `| ${what} | ${perTurn} | ${perThread} | ${perConnection} |`),
    `| bytes of a thread at rest | ${bytes} | | |`,
  ].join("\n");
}

export function costTable(rows: readonly CountRow[], bytes: number): string {
  const turn = billOf(rows, "perTurn");
  const duration = (2 * turnSeconds * prices.objectGb * prices.objectGbSeconds) / 1e6;
  const connection = billOf(rows, "perConnection");
  const lines: [string, number, string][] = [
    ["1,000 turns: calls and messages", 1_000 * turn.requests, "between objects, and sockets at 20 to 1"],
    ["1,000 turns: rows", 1_000 * turn.rows, "almost all of it rows written"],
    ["1,000 turns: KV", 1_000 * turn.kv, "memory and flags, read once a turn"],
    ["1,000 turns: duration", 1_000 * duration, `${turnSeconds} s of an answer, thread and connection awake`],
    ["**1,000 turns**", 1_000 * (turn.requests + turn.rows + turn.kv + duration), "without the model's tokens"],
    ["**an idle thread for a month**", (bytes / 1e9) * prices.storageGbMonth, "storage only: nothing is awake"],
    [
      "**a connected hour**",
      connectionsPerHour * (connection.requests + connection.rows + connection.kv),
      "one opening; asleep between frames, pings are answered without waking",
    ],
  ];
  return [
    "| what | US$ | why |",
    "| --- | --- | --- |",
    ...lines.map(([what, dollars, why]) => `| ${what} | ${dollars.toFixed(8)} | ${why} |`),
  ].join("\n");
}

function billOf(rows: readonly CountRow[], which: "perTurn" | "perConnection"): { requests: number; rows: number; kv: number } {
  const sum = (prefix: string) =>
    rows.filter(({ what }) => what.startsWith(prefix)).reduce((total, row) => total + row[which], 0);
  const worker = rows.find(({ what }) => what === "requests Worker")?.[which] ?? 0;
  const toObjects = sum("requests ") - worker + sum("messages ") / prices.socketMessagesPerRequest;
  return {
    requests: (toObjects * prices.objectRequests + worker * prices.workerRequests) / 1e6,
    rows: (sum("rows read ") * prices.rowsRead + sum("rows written ") * prices.rowsWritten) / 1e6,
    kv: (sum("kv reads") * prices.kvReads + sum("kv writes") * prices.kvWrites) / 1e6,
  };
}

/** The counts of a table that was written down. */
export function readCountTable(text: string): { rows: CountRow[]; bytes: number } {
  const lines = text.split("\n").filter((line) => /^\| (rows|requests|messages|kv) /.test(line));
  const rows = lines.map((line) => {
    const [, what = "", ...numbers] = line.split("|").map((cell) => cell.trim());
    const [perTurn = 0, perThread = 0, perConnection = 0] = numbers.map(Number);
    return { what, perTurn, perThread, perConnection };
  });
  return { rows, bytes: Number(/bytes of a thread at rest \| (\d+)/.exec(text)?.[1] ?? Number.NaN) };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
