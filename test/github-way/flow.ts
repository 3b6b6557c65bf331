/**
 * The whole way on Node: GitHub's stage, the Worker's door, the repository's object and its threads in one process with real SQL and one
 * clock. What runs is the shipped code; the process dies, and calls between objects fail, wherever the test says so.
 */

import { createHmac, randomUUID } from "node:crypto";
import { noMeter } from "#core/metrics/meter";
import { ofEvent } from "#github/follow/of-event";
import { ofFrames } from "#github/follow/of-frames";
import { ofOutcome } from "#github/follow/of-outcome";
import { defaultPolicy } from "#github/follow/policy";
import { createRepositorySchema, Repository, type RepositoryHost } from "#github/repository";
import { readBlobs, readTree } from "#github/snapshot-source";
import { callThread, readProposal } from "#github/thread-call";
import { repositoryOfConnection } from "#github/thread-connection";
import { createCatalogue } from "#models/catalogue";
import type { Model, ModelRequest } from "#models/model";
import { askedProposal } from "#thread/asked-proposal";
import type { Host } from "#thread/host";
import { enterRepository } from "#thread/repository-entry";
import { ThreadRuntime } from "#thread/runtime";
import { ThreadService } from "#thread/service";
import { runShell, type ShellRun } from "#tools/shell";
import type { Environment } from "../../durable-objects/environment.ts";
import { webhookRoute } from "../../workers/github/webhook-route.ts";
import { privateKey } from "../support/github/repository.ts";
import { app, installationId, repositoryName, type Stage } from "../support/github/stage.ts";
import { createSql, type TestStorage } from "../support/sql.ts";
import { noMcp } from "../support/thread.ts";

/** `death`: the process is killed there. `unreachable`: a call between objects ends with an error, and nobody knows whether it came through. */
export type Trouble = "death" | "unreachable" | null;

export interface FlowOptions {
  stage: Stage;
  /** The rehearsal unless said otherwise. */
  model?: Model;
  /** Asked at every moment, with what happens there. Example: `after request POST /repos/acme/widgets/pulls` */
  trouble?: (moment: string) => Trouble;
  /** Bot logins and the like are the stage's; what a thread's shell is given is looked at here. */
  shell?: (run: ShellRun) => void;
}

export interface Delivery {
  name: string;
  payload: object;
  guid: string;
}

export interface Flow {
  stage: Stage;
  clock: { nowMs: number };
  deaths(): number;
  /** What was said to the model, whole. */
  asked: ModelRequest[];
  reports: { event: string; details: Record<string, unknown> }[];
  /** Everything that was told, in order. */
  told: Delivery[];
  /** GitHub tells the Worker, and tells again until it was heard. */
  tell(delivery: Delivery): Promise<void>;
  openIssue(login: string, content: { title: string; body: string }): Promise<number>;
  /** Something that a person does there, told at once; `edit` changes what GitHub says of it. */
  happen(login: string, name: string, content: object, edit?: (payload: Payload) => void): Promise<void>;
  /** A comment. */
  say(login: string, issue: number, body: string, edit?: (payload: Payload) => void): Promise<void>;
  /** A button of a check run. */
  press(login: string, run: CheckRun, identifier: string, edit?: (payload: Payload) => void): Promise<void>;
  checkRuns(): Promise<CheckRun[]>;
  /** Goes on, at the times of the alarms, until nobody has anything to do. */
  settle(): Promise<void>;
  threadIds(): string[];
  rows(): { repository: TestStorage; threads: ReadonlyMap<string, TestStorage> };
  read<Found>(path: string): Promise<Found>;
}

export interface User {
  id: number;
  login: string;
  type: string;
}

/** What every delivery has, and a comment's where there is one. */
export interface Payload {
  sender: User | null;
  comment?: { id: number; body: string; user: User | null; performed_via_github_app?: { id: number } | null };
}

export interface CheckRun {
  id: number;
  name: string;
  head_sha: string;
  external_id: string;
  status: string;
  conclusion: string | null;
  output: { title: string | null; summary: string | null; text?: string | null };
}

interface Life {
  alive: boolean;
  /** Requests, calls, commands and answers of models under way. */
  busy: number;
  death: PromiseWithResolvers<void>;
  repository: Repository;
  threads: Map<string, { runtime: ThreadRuntime; service: ThreadService }>;
}

const secret = "the-secret-of-the-flow";
const home = `/repos/${repositoryName.owner}/${repositoryName.repo}`;
const roundsMax = 2_000;

export function openFlow({ stage, model, trouble = () => null, shell = () => {} }: FlowOptions): Flow {
  const storage = createSql();
  createRepositorySchema(storage.sql);
  const threads = new Map<string, TestStorage>();
  const alarms = new Map<string, number>();
  const ringing = new Set<string>();
  const clock = { nowMs: Date.now() };
  const reports: Flow["reports"] = [];
  const asked: ModelRequest[] = [];
  const told: Delivery[] = [];
  let deaths = 0;
  let ids = 0;

  const newId = () => `0199bbbb-0000-7000-8000-${(++ids).toString(16).padStart(12, "0")}`;
  const now = () => clock.nowMs;
  const rehearsal = createCatalogue({ newId, sleep: () => nextRound() }).model("rehearsal");

  function die(life: Life, name: string | null): void {
    deaths += 1;
    life.alive = false;
    // The platform rings again where nobody saw an alarm's end, and keeps an alarm with the rows that were written beside it.
    for (const one of [...ringing, ...(name === null ? [] : [name])]) alarms.set(one, clock.nowMs);
    ringing.clear();
    life.death.resolve();
  }

  /** Nothing comes back to the dead. */
  async function breath<Answer>(life: Life, answer: Answer): Promise<Answer> {
    await null;
    return life.alive ? answer : new Promise<never>(() => {});
  }

  async function whileBusy<Result>(life: Life, work: () => Promise<Result>): Promise<Result> {
    life.busy += 1;
    try {
      return await work();
    } finally {
      life.busy -= 1;
    }
  }

  /** From one object to another: both live in the process, and only values pass. */
  function call<Result>(life: Life, what: string, work: () => Promise<Result> | Result): Promise<Result> {
    const moment = async (when: string) => {
      await breath(life, null);
      const found = trouble(`${when} call ${what}`);
      if (found === "death") die(life, null);
      if (found === "unreachable") throw new Error("the other object is being moved");
      await breath(life, null);
    };
    return whileBusy(life, async () => {
      await moment("before");
      const answer = await Promise.resolve()
        .then(work)
        .catch((error: unknown) => {
          // Only its words cross from one object to another.
          throw new Error(String(error));
        });
      await moment("after");
      return structuredClone(answer);
    });
  }

  function fetchOf(life: Life, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const moment = async (when: string) => {
      await breath(life, null);
      if (trouble(`${when} request ${init?.method ?? "GET"} ${new URL(String(input)).pathname}`) === "death") die(life, null);
      await breath(life, null);
    };
    return whileBusy(life, async () => {
      await moment("before");
      const response = await stage.fetch(input, init);
      await moment("after");
      return response;
    });
  }

  function commit<Result>(life: Life, name: string, rows: TestStorage, closure: () => Result): Result {
    const moment = (when: string) => {
      if (life.alive && trouble(`${when} commit`) === "death") die(life, name);
      if (!life.alive) throw new Error("the process died");
    };
    moment("before");
    const result = rows.transactionSync(closure);
    moment("after");
    return result;
  }

  /** What a dead life still wants to write is lost. */
  function rowsOf(life: Life, { sql }: TestStorage): TestStorage["sql"] {
    return {
      exec: (query, ...bindings) => {
        if (life.alive || /^\s*SELECT\b/i.test(query)) return sql.exec(query, ...bindings);
        return { rowsWritten: 0, toArray: () => [], one: () => ({}) as never, [Symbol.iterator]: () => [].values() };
      },
    };
  }

  function setAlarm(life: Life, name: string, atMs: number): void {
    if (life.alive) alarms.set(name, atMs);
  }

  function reportOf(life: Life) {
    return (event: string, details: Record<string, unknown>) => {
      if (life.alive) reports.push({ event, details });
    };
  }

  function repositoryHost(life: Life): RepositoryHost {
    const report = reportOf(life);
    return {
      sql: rowsOf(life, storage),
      transaction: (closure) => commit(life, "repository", storage, closure),
      github: () => ({
        environment: { GITHUB_APP_PRIVATE_KEY: privateKey },
        appId: app.id,
        apiUrl: stage.url,
        fetch: (input, init) => fetchOf(life, input as URL, init as RequestInit),
        now,
        deadline: () => AbortSignal.timeout(150),
        report,
      }),
      policy: () => defaultPolicy,
      threadUrl: () => null,
      consequences: { ofEvent, ofFrames, ofOutcome },
      now,
      newId,
      random: () => 0.123,
      setAlarm: (atMs) => setAlarm(life, "repository", atMs),
      isStopped: () => breath(life, false),
      ownApp: () => breath(life, app),
      callThread: (threadId, order) =>
        call(life, `${order.type} of the thread`, () => callThread(environmentOf(life), { account: "acme", threadId }, order)),
      readProposal: (threadId, requestId) =>
        call(life, "readProposal", () => readProposal(environmentOf(life), { account: "acme", threadId }, requestId)),
      report,
    };
  }

  function threadHost(life: Life, threadId: string, rows: TestStorage): Host {
    return {
      account: "acme",
      threadId,
      sql: rowsOf(life, rows) as Host["sql"],
      transaction: (closure) => commit(life, threadId, rows, closure),
      now,
      newId,
      readMcpServers: async () => [],
      mcp: noMcp,
      random: () => 0.5,
      sleep: (_, signal) =>
        whileBusy(life, async () => {
          if (!signal.aborted) await nextRound();
          await breath(life, null);
        }),
      model: () => listened(life),
      contextWindow: () => null,
      ownSockets: () => 0,
      meter: noMeter,
      reportMetrics: async ({ to }) => ({ through: to }),
      extractsAssumptions: false,
      readFlags: async () => null,
      shell: (run) =>
        whileBusy(life, async () => {
          shell(run);
          return breath(life, await runShell(run));
        }),
      setAlarm: (atMs) => setAlarm(life, threadId, atMs),
      deliver: (connection, delivery) => {
        if (repositoryOfConnection(connection) === null) throw new Error(`nobody is at ${connection}`);
        return call(life, "deliver", () => life.repository.deliver(structuredClone(delivery)));
      },
      readRepository: (_, oids) => call(life, "readBlobs", () => life.repository.read((calls) => readBlobs(calls, oids))),
      readMemory: () => breath(life, null),
      reportToMemory: () => breath(life, []),
      leaveMemory: async () => {},
      takeTurnSlot: () => breath(life, true),
      admitTurn: () => breath(life, { hasTurnSlot: true }),
      admitThread: () => breath(life, null),
      admitStorage: () => breath(life, null),
      storedBytes: () => 0,
      releaseTurnSlot: () => breath(life, undefined),
      readFork: () => Promise.reject(new Error("nothing is forked here")),
      place: async () => ({ section: null, sectionEnteredAt: null }),
      tell: () => breath(life, true),
      tellDirectory: () => breath(life, true),
      report: reportOf(life),
      forget: async () => {},
    };
  }

  /** The model, and that somebody waits for it. */
  function listened(life: Life): Model {
    return {
      async *stream(request, signal) {
        asked.push(structuredClone(request));
        life.busy += 1;
        try {
          for await (const event of (model ?? rehearsal).stream(request, signal)) yield await breath(life, event);
        } finally {
          life.busy -= 1;
        }
      },
    };
  }

  function threadOf(life: Life, threadId: string) {
    const known = life.threads.get(threadId);
    if (known) return known;
    const rows = threads.get(threadId) ?? createSql();
    threads.set(threadId, rows);
    const runtime = new ThreadRuntime(threadHost(life, threadId, rows));
    const made = { runtime, service: new ThreadService(runtime, "rehearsal") };
    life.threads.set(threadId, made);
    void runtime.drive();
    runtime.deliveries.pump();
    return made;
  }

  /** As `ThreadObject` and `RepositoryObject` answer their callers. */
  function environmentOf(life: Life): Environment {
    const thread = (name: string) => {
      const threadId = name.slice(name.lastIndexOf("/") + 1);
      const { runtime, service } = threadOf(life, threadId);
      const source = {
        readTree: (oid: string) => call(life, "readTree", () => life.repository.read((calls) => readTree(calls, oid))),
        readBlobs: (oids: string[]) => call(life, "readBlobs", () => life.repository.read((calls) => readBlobs(calls, oids))),
      };
      return {
        startThread: service.startThread.bind(service),
        resumeThread: service.resumeThread.bind(service),
        request: service.request.bind(service),
        respond: async (...answer: Parameters<ThreadService["respond"]>) => service.respond(...answer),
        enterRepository: (entry: Parameters<typeof enterRepository>[2]) => enterRepository(runtime, source, entry),
        askedProposal: async (requestId: string) => askedProposal(runtime, requestId),
      };
    };
    const receive = async (...delivery: Parameters<Repository["receive"]>) => life.repository.receive(...delivery);
    const named = (stub: (name: string) => object) => ({ idFromName: (name: string) => name, get: stub });
    return {
      GITHUB_APP_ID: String(app.id),
      GITHUB_APP_PRIVATE_KEY: privateKey,
      GITHUB_WEBHOOK_SECRET: secret,
      GITHUB_API_URL: "https://api.github.test",
      THREAD: named(thread),
      REPOSITORY: named(() => ({ receive })),
    } as unknown as Environment;
  }

  function newLife(): Life {
    const life = { alive: true, busy: 0, death: Promise.withResolvers<void>(), threads: new Map() } as Life;
    life.repository = new Repository(repositoryHost(life));
    return life;
  }

  let current = newLife();
  const living = () => {
    if (!current.alive) current = newLife();
    return current;
  };

  async function untilQuiet(): Promise<void> {
    for (let quiet = 0; quiet < 4 && current.alive; quiet = current.busy === 0 ? quiet + 1 : 0) await nextRound();
  }

  async function ring(name: string): Promise<void> {
    const life = living();
    alarms.delete(name);
    ringing.add(name);
    const work = async () => (name === "repository" ? life.repository.pump() : threadOf(life, name).runtime.alarm());
    await Promise.race([work().catch(() => {}), life.death.promise]);
    if (life.alive) ringing.delete(name);
  }

  async function settle(): Promise<void> {
    for (let round = 0; ; round++) {
      if (round > roundsMax) throw new Error("this flow does not come to rest");
      await untilQuiet();
      const [next] = [...alarms].sort(([, one], [, other]) => one - other);
      if (next === undefined) {
        if (current.alive) return;
        living();
        continue;
      }
      clock.nowMs = Math.max(clock.nowMs, Math.ceil(next[1]));
      await ring(next[0]);
    }
  }

  async function tell(delivery: Delivery): Promise<void> {
    told.push(delivery);
    const body = JSON.stringify(delivery.payload);
    const headers = {
      "content-type": "application/json",
      "x-github-event": delivery.name,
      "x-github-delivery": delivery.guid,
      "x-github-hook-installation-target-type": "integration",
      "x-github-hook-installation-target-id": String(app.id),
      "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    };
    // What the door counts is told after the answer, and is nothing of the flow's.
    const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} } as unknown as ExecutionContext;
    let said = "";
    for (let attempt = 0; attempt < 5; attempt++) {
      const life = living();
      const answer = await webhookRoute.request(
        "/github/webhook",
        { method: "POST", headers, body },
        environmentOf(life),
        context,
      );
      if (answer.status === 202 && life.alive) return;
      said = `${answer.status} ${await answer.text()}`;
    }
    throw new Error(`nobody hears ${delivery.name}: ${said}`);
  }

  const read = async <Found>(path: string) => (await (await stage.as("wanda", "GET", `${home}${path}`)).json()) as Found;
  async function happen(
    login: string,
    name: string,
    content: object,
    edit: (payload: Payload) => void = () => {},
  ): Promise<void> {
    const payload = {
      installation: { id: installationId },
      repository: { private: false, default_branch: "main", ...(await read<object>("")) },
      sender: (await (await stage.as(login, "GET", `/users/${login}`)).json()) as User,
      ...content,
    } as Payload;
    edit(payload);
    await tell({ name, payload, guid: randomUUID() });
  }

  return {
    stage,
    clock,
    deaths: () => deaths,
    asked,
    reports,
    told,
    tell,
    settle,
    threadIds: () => [...threads.keys()],
    rows: () => ({ repository: storage, threads }),
    read,
    async openIssue(login, content) {
      const made = await stage.as(login, "POST", `${home}/issues`, content);
      return ((await made.json()) as { number: number }).number;
    },
    happen,
    async say(login, issue, body, edit) {
      const made = await stage.as(login, "POST", `${home}/issues/${issue}/comments`, { body });
      const comment = (await made.json()) as Payload["comment"];
      await happen(login, "issue_comment", { action: "created", issue: await read<object>(`/issues/${issue}`), comment }, edit);
    },
    async press(login, run, identifier, edit) {
      const check_run = { ...run, app: { id: app.id } };
      await happen(login, "check_run", { action: "requested_action", check_run, requested_action: { identifier } }, edit);
    },
    async checkRuns() {
      const { object } = await read<{ object: { sha: string } }>("/git/ref/heads/main");
      return (await read<{ check_runs: CheckRun[] }>(`/commits/${object.sha}/check-runs?filter=all`)).check_runs;
    },
  };
}

function nextRound(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
