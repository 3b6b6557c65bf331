/** A repository's object on Node: real SQL, the stage's GitHub, a clock that runs when the test says so, and deaths. */
import { generateKeyPairSync, randomUUID } from "node:crypto";
import type { Consequences } from "#github/consequences";
import type { Effect } from "#github/effect";
import type { RepositoryEvent } from "#github/event";
import { defaultPolicy, type Policy } from "#github/follow/policy";
import { createRepositorySchema, Repository, type RepositoryHost } from "#github/repository";
import { createSql, type TestStorage } from "../sql.ts";
import { app, installationId, repositoryName, type Stage } from "./stage.ts";

export const privateKey = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
}).privateKey;

export interface World {
  repository: Repository;
  storage: TestStorage;
  /** Unix milliseconds of this world. */
  clock: { nowMs: number };
  reports: { event: string; details: Record<string, unknown> }[];
  stopped: Set<number>;
  /** Goes on, at the times of the alarm, until nothing is left to do. */
  settle(): Promise<void>;
  /** Memory is gone; the rows are there. */
  wake(): void;
}

export const silence: Consequences = { ofEvent: async () => () => [], ofOutcome: () => [], ofFrames: async () => () => [] };

export function openWorld(
  stage: Stage,
  {
    consequences = silence,
    fetch = stage.fetch,
    policy = defaultPolicy,
    thread = { callThread: async () => ({ text: null }), readProposal: async () => null },
  }: {
    consequences?: Consequences;
    fetch?: typeof globalThis.fetch;
    policy?: Policy;
    thread?: Pick<RepositoryHost, "callThread" | "readProposal">;
  } = {},
): World {
  const storage = createSql();
  createRepositorySchema(storage.sql);
  const clock = { nowMs: Date.now() };
  let alarmAtMs: number | null = null;
  let ids = 0;
  const reports: World["reports"] = [];
  const stopped = new Set<number>();
  const report = (event: string, details: Record<string, unknown>) => void reports.push({ event, details });
  const now = () => clock.nowMs;
  const host: RepositoryHost = {
    sql: storage.sql,
    transaction: (closure) => storage.transactionSync(closure),
    github: () => ({
      environment: { GITHUB_APP_PRIVATE_KEY: privateKey },
      appId: app.id,
      apiUrl: stage.url,
      fetch: (input, init) => fetch(input, init),
      now,
      deadline: () => AbortSignal.timeout(300),
      report,
    }),
    policy: () => policy,
    consequences,
    now,
    newId: () => `0199aaaa-0000-7000-8000-${String(++ids).padStart(12, "0")}`,
    random: () => 0.123,
    setAlarm: (atMs) => {
      alarmAtMs = alarmAtMs === null ? atMs : Math.min(alarmAtMs, atMs);
    },
    isStopped: async (id) => stopped.has(id),
    ownApp: async () => app,
    threadUrl: (threadId) => `https://spindle.example/#${threadId}`,
    ...thread,
    report,
  };
  const world: World = {
    repository: new Repository(host),
    storage,
    clock,
    reports,
    stopped,
    async settle() {
      for (let rounds = 0; alarmAtMs !== null; rounds++) {
        if (rounds > 500) throw new Error("this world does not come to rest");
        clock.nowMs = Math.max(clock.nowMs, Math.ceil(alarmAtMs));
        alarmAtMs = null;
        await world.repository.pump();
      }
    },
    wake() {
      world.repository = new Repository(host);
      alarmAtMs = clock.nowMs;
    },
  };
  return world;
}

/** Somebody says something in an issue. */
export function commentEvent(
  stage: Stage,
  { number, body, id = 1 }: { number: number; body: string; id?: number },
): RepositoryEvent {
  const sender = { id: 7, login: "wanda", type: "User" };
  const at = "2026-11-01T10:00:00Z";
  return {
    type: "commentCreated",
    installationId,
    ownerId: 1,
    repository: {
      id: stage.repositoryId,
      owner: repositoryName.owner,
      name: repositoryName.repo,
      defaultBranch: "main",
      isPrivate: false,
    },
    sender,
    issue: {
      number,
      title: "An issue",
      body: "",
      author: sender,
      isOpen: true,
      isPullRequest: false,
      createdAt: at,
      updatedAt: at,
    },
    comment: { id, body, author: sender, viaAppId: null, url: "", createdAt: at, updatedAt: at },
  };
}

/** Tells the repository where it is, and lets it do these effects because of it. */
export function consequencesOf(effects: Effect[]): Consequences {
  return { ...silence, ofEvent: async () => () => effects };
}

export function deliver(world: World, event: RepositoryEvent, deliveryId = randomUUID()): string {
  world.repository.receive(deliveryId, event);
  return deliveryId;
}
