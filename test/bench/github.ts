/**
 * How long a person at GitHub waits: from a mention to the first comment, from a yes to the commit. Beside it stands the floor: the very
 * requests that Spindle made until then, made bare one after the other, against the same emulator. Both in turns (A B A B), so that a busy
 * machine is busy for both. `npm run bench:github -- --quick`.
 */
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { people } from "../support/github/stage.ts";
import { openStagedWorker, type Relayed } from "../support/github/staged-worker.ts";
import { report } from "./figures.ts";
import { percentile } from "./statistics.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean" } } });
/** One person may have twenty turns an hour of one server. */
const size = values.quick ? { servers: 1, runs: 5 } : { servers: 3, runs: 15 };
/** Not measured: the Worker's code is compiled, and what the App is called is asked once. */
const warmUps = 2;
const repository = "/repos/acme/widgets";

interface Way {
  title: string;
  /** Whether this request is the last of the way. */
  ends(relayed: Relayed): boolean;
  ours: number[];
  floor: number[];
  requests: number[];
}

const toComment: Way = {
  title: "mention → first comment",
  ends: ({ method, path }) => method === "POST" && /\/issues\/\d+\/comments$/.test(path),
  ours: [],
  floor: [],
  requests: [],
};
const toCommit: Way = {
  title: "approval → commit",
  ends: ({ method, path }) => method === "POST" && path === "/graphql",
  ours: [],
  floor: [],
  requests: [],
};

let staged = await openStagedWorker();
for (let server = 0; server < size.servers; server++) {
  if (server > 0) staged = await openStagedWorker();
  try {
    for (let run = 0; run < warmUps + size.runs; run++) await play(run >= warmUps);
    if (staged.stage.problems.length > 0) throw new Error(staged.stage.problems.join("\n"));
  } finally {
    await staged.close();
  }
}
await tell();
process.exit(0);

async function play(isMeasured: boolean): Promise<void> {
  const [issue, twin] = [await newIssue(), await newIssue()];
  const asked = await until(toComment, () => say(issue, "/spindle run\nwrite docs/note.txt: alpha\n\nsay it is written"));
  const approve = await approvalIn(issue);
  await quiet();
  const approved = await until(toCommit, () => say(issue, approve));
  await quiet();
  // The branch and the issue are others for the bare requests: what is made there is made for the first time, too.
  const thread = /spindle\/([0-9a-f-]{36})/.exec(approved.relayed.map(({ body }) => body ?? "").join("\n"))?.[1] ?? "";
  const renamed = (text: string) => text.replaceAll(`/issues/${issue}/`, `/issues/${twin}/`).replaceAll(thread, twinThread);
  const twinThread = randomUUID();
  for (const [way, { ms, relayed }] of [
    [toComment, asked],
    [toCommit, approved],
  ] as const) {
    const bareMs = await bare(relayed, renamed);
    if (!isMeasured) continue;
    way.ours.push(ms);
    way.floor.push(bareMs);
    way.requests.push(relayed.length);
  }
}

/** From the moment in which a person has said it until GitHub has done what ends the way, and what was asked of GitHub until then. */
async function until({ title, ends }: Way, act: () => Promise<void>): Promise<{ ms: number; relayed: Relayed[] }> {
  const relayed: Relayed[] = [];
  const ended = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${title}: nothing for a minute`)), 60_000);
    staged.afterRequest = (one) => {
      relayed.push(one);
      if (!ends(one)) return;
      clearTimeout(timer);
      staged.afterRequest = null;
      resolve(performance.now());
    };
  });
  const startedAt = performance.now();
  await act();
  return { ms: (await ended) - startedAt, relayed };
}

/** The same requests in the same order, with tokens of their own. */
async function bare(relayed: readonly Relayed[], renamed: (text: string) => string): Promise<number> {
  const tokens = new Map<string, string>();
  const startedAt = performance.now();
  for (const { method, path, body, authorization, status, answer } of relayed) {
    const known = authorization.replace(/^Bearer /, "");
    const response = await fetch(`${staged.gateUrl}${renamed(path)}`, {
      method,
      headers: { "x-forwarded-host": "api.github.test", authorization: `Bearer ${tokens.get(known) ?? otherToken(known)}` },
      body: body === null ? null : renamed(body),
    });
    const text = await response.text();
    // The same reaction a second time is a 200 and no 201.
    if (response.ok !== status < 300) throw new Error(`${method} ${path} gives ${response.status}, and gave ${status}: ${text}`);
    if (path.endsWith("/access_tokens")) tokens.set(tokenIn(answer), tokenIn(text));
  }
  return performance.now() - startedAt;
}

/** The App's own still holds. Any other is of a job that began before the way did, and is revoked by now. */
function otherToken(known: string): string {
  return known.startsWith("ey") ? known : `token-of-${people.writer}`;
}

function tokenIn(answer: string): string {
  return (JSON.parse(answer) as { token: string }).token;
}

async function newIssue(): Promise<number> {
  const made = await staged.stage.as(people.writer, "POST", `${repository}/issues`, { title: "An issue", body: "" });
  return ((await made.json()) as { number: number }).number;
}

async function say(issue: number, body: string): Promise<void> {
  const response = await staged.stage.as(people.writer, "POST", `${repository}/issues/${issue}/comments`, { body });
  if (!response.ok) throw new Error(`a comment is answered ${response.status}`);
}

/** The line that approves, as the comment shows it. */
async function approvalIn(issue: number): Promise<string> {
  for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs; await pause(20)) {
    const response = await staged.stage.as(people.writer, "GET", `${repository}/issues/${issue}/comments`);
    const bodies = ((await response.json()) as { body: string }[]).map(({ body }) => body).join("\n");
    const [line] = /\/spindle approve [0-9a-f]{16}/.exec(bodies) ?? [];
    if (line !== undefined) return line;
  }
  throw new Error("no diff asks for approval");
}

/** Returns when the Worker has asked nothing for a while: what follows is not mixed with what was. */
async function quiet(): Promise<void> {
  for (let heard = -1; heard !== staged.stage.heard.length; await pause(1_000)) heard = staged.stage.heard.length;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function tell(): Promise<void> {
  const both = (samples: number[]) => [50, 95].map((rank) => percentile(samples, rank));
  await report({
    bench: "github",
    ranks: "p50 / p95",
    baseline: "its requests bare",
    figures: [toComment, toCommit].map(({ title, ours, floor, requests }) => ({
      what: `${title}, ${percentile(requests, 50)} requests`,
      unit: "ms",
      ours: both(ours),
      baseline: both(floor),
      ratio: [
        percentile(
          ours.map((our, run) => our / (floor[run] ?? Number.NaN)),
          50,
        ),
      ],
      samples: ours.length,
    })),
    notes: ["Ratios are taken within a run. The emulator answers at once; GitHub takes some 100 ms for each request."],
  });
}
