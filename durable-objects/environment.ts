/** The Worker's bindings, as wrangler.toml names them, and the operator's variables. */
import { metricsLimits } from "#core/limits";
import { shardOf } from "#core/metrics/shard";
import type { AccessObject } from "./access/access-object.ts";
import type { ConnectionObject } from "./connection/connection-object.ts";
import type { DirectoryObject } from "./directory/directory-object.ts";
import type { GitHubAppObject } from "./github/app-object.ts";
import type { RepositoryObject } from "./github/repository-object.ts";
import type { MemoryObject } from "./memory/memory-object.ts";
import type { MetricsObject } from "./metrics/metrics-object.ts";
import type { PushObject } from "./push/push-object.ts";
import type { ThreadObject } from "./thread/thread-object.ts";

export interface Environment {
  THREAD: DurableObjectNamespace<ThreadObject>;
  CONNECTION: DurableObjectNamespace<ConnectionObject>;
  DIRECTORY: DurableObjectNamespace<DirectoryObject>;
  ACCESS: DurableObjectNamespace<AccessObject>;
  REPOSITORY: DurableObjectNamespace<RepositoryObject>;
  GITHUB_APP: DurableObjectNamespace<GitHubAppObject>;
  MEMORY_WRITER: DurableObjectNamespace<MemoryObject>;
  METRICS: DurableObjectNamespace<MetricsObject>;
  PUSH: DurableObjectNamespace<PushObject>;
  /** What those of `MEMORY_WRITER` publish. */
  MEMORY: KVNamespace;
  /** What an account has otherwise than the defaults of `flags/`. */
  FLAGS: KVNamespace;
  /** Counters of the front door: workers/rate-limits.ts. Absent on a platform that has none. */
  REQUESTS_BY_ADDRESS?: RateLimit;
  REQUESTS_BY_ACCOUNT?: RateLimit;
  REFUSALS_BY_ADDRESS?: RateLimit;
  /** Absent on a platform that has no versions. */
  VERSION?: WorkerVersionMetadata;
  ASSETS: Fetcher;
  OPENAI_API_KEY?: string;
  OPENAI_BASE_URL?: string;
  /** One model, or several with commas between; the first is the default. */
  OPENAI_MODEL?: string;
  /** `1`: answers go on at the endpoint when this object dies, and are taken up again. OpenAI's own endpoint only; it keeps them for that. */
  OPENAI_BACKGROUND?: string;
  /** `off`: what a model assumes is not read from its words where it declares nothing. That costs a bounded request a turn, at most. */
  SPINDLE_DECISION_EXTRACTION?: string;
  /** Who may come in: docs/credentials.md. With none of these only this machine is served, and needs no credential. */
  SPINDLE_TOKEN?: string;
  SPINDLE_OPERATOR_TOKEN?: string;
  SPINDLE_JWT_SECRET?: string;
  SPINDLE_JWT_ISSUER?: string;
  SPINDLE_JWT_AUDIENCE?: string;
  SPINDLE_JWT_CLOCK_SKEW_SECONDS?: string;
  SPINDLE_ACCESS_TEAM_DOMAIN?: string;
  SPINDLE_ACCESS_AUDIENCE?: string;
  SPINDLE_ALLOWED_ORIGINS?: string;
  /** The GitHub App: docs/github.md. Without any of these there is no GitHub here. */
  GITHUB_APP_ID?: string;
  /** PEM, PKCS#1 as GitHub gives it or PKCS#8. Read by `app-token.ts` and nowhere else. */
  GITHUB_APP_PRIVATE_KEY?: string;
  /** While the secret is being changed: the new one and the old one, with a space between. */
  GITHUB_WEBHOOK_SECRET?: string;
  GITHUB_API_URL?: string;
  /** Files of a repository that are copied into a workspace at once, 2,000 at most and unless set; the others are fetched when they are read. */
  GITHUB_COPIED_FILES_MAX?: string;
  /** Where people open the web client: comments and check runs at GitHub link there. Without it they have no link. */
  SPINDLE_URL?: string;
  /** Web Push: docs/push.md. Without the two keys no device is rung. `npm start` makes them. */
  VAPID_PUBLIC_KEY?: string;
  VAPID_PRIVATE_KEY?: string;
  /** Where a push service reaches the operator: `mailto:…` or `https://…`. Unless set `SPINDLE_URL`. */
  VAPID_SUBJECT?: string;
  /** Push services besides those of the browsers, with commas between. */
  SPINDLE_PUSH_HOSTS?: string;
  /** JSON: who may do what, how many have to approve, and how much turns may use. */
  GITHUB_POLICY?: string;
  /** Milliseconds between two numbers that `rehearsal` counts; for load runs. */
  SPINDLE_REHEARSAL_INTERVAL_MS?: string;
  /** Milliseconds between two manifests of one memory, in place of half a minute; for load runs. */
  SPINDLE_MEMORY_PUBLISH_INTERVAL_MS?: string;
  /** Who may read `/metrics`: docs/observability.md. Without it only this machine, and only where it needs no credential. */
  SPINDLE_METRICS_TOKEN?: string;
  /** Objects that the metrics are spread over, 4 unless set. Chosen once. */
  SPINDLE_METRICS_SHARDS?: string;
  /** Milliseconds between two reports of one object to the metrics, in place of some seconds; for load runs. */
  SPINDLE_METRICS_INTERVAL_MS?: string;
  /** What one account may use: docs/limits.md. A whole number, or `off`. */
  SPINDLE_TURNS_PER_MINUTE?: string;
  SPINDLE_TOKENS_PER_DAY?: string;
  SPINDLE_THREADS?: string;
  SPINDLE_STORAGE_BYTES?: string;
  /** `on`: the log's lines say what was worked on, too, and not only that it was. */
  SPINDLE_LOG_CONTENT?: string;
}

/**
 * Object names begin with the account: a thread id of another account names another object, which is empty. An account holds no slash
 * (`accountOfSubject` in workers/credentials sees to it), so that no two pairs give one name.
 */
export function threadName(account: string, threadId: string): string {
  return `${account}/${threadId}`;
}

export function threadStub(environment: Environment, account: string, threadId: string): DurableObjectStub<ThreadObject> {
  return namedThreadStub(environment, threadName(account, threadId));
}

export function namedThreadStub(environment: Environment, name: string): DurableObjectStub<ThreadObject> {
  return environment.THREAD.get(environment.THREAD.idFromName(name));
}

export function directoryStub(environment: Environment, account: string): DurableObjectStub<DirectoryObject> {
  return environment.DIRECTORY.get(environment.DIRECTORY.idFromName(account));
}

export function connectionStub(environment: Environment, connection: string): DurableObjectStub<ConnectionObject> {
  return environment.CONNECTION.get(environment.CONNECTION.idFromName(connection));
}

/** The account's memory; of `globalAccount` the one that accounts share. */
export function memoryStub(environment: Environment, account: string): DurableObjectStub<MemoryObject> {
  return environment.MEMORY_WRITER.get(environment.MEMORY_WRITER.idFromName(account));
}

/** The account's devices. */
export function pushStub(environment: Environment, account: string): DurableObjectStub<PushObject> {
  return environment.PUSH.get(environment.PUSH.idFromName(account));
}

/** One for the whole server: a credential has to be found before it is known whose it is. */
export function accessStub(environment: Environment): DurableObjectStub<AccessObject> {
  return environment.ACCESS.get(environment.ACCESS.idFromName("access"));
}

/** One of the metrics' shards; the same key finds the same one. */
export function metricsStub(environment: Environment, key: string): DurableObjectStub<MetricsObject> {
  return metricsShardStub(environment, shardOf(key, metricsShards(environment)));
}

export function metricsShardStub(environment: Environment, shard: number): DurableObjectStub<MetricsObject> {
  return environment.METRICS.get(environment.METRICS.idFromName(`metrics/${shard}`));
}

/** Undefined where nobody said, or said what is no time. */
export function metricsIntervalMs({ SPINDLE_METRICS_INTERVAL_MS: text }: Environment): number | undefined {
  const intervalMs = Number(text ?? Number.NaN);
  return Number.isFinite(intervalMs) && intervalMs > 0 ? intervalMs : undefined;
}

/** What is no number of shards counts as not set. */
export function metricsShards({ SPINDLE_METRICS_SHARDS: text }: Environment): number {
  const shards = Number(text ?? metricsLimits.shardsUsual);
  return Number.isInteger(shards) && shards >= 1 && shards <= metricsLimits.shardsMax ? shards : metricsLimits.shardsUsual;
}

/** Named by the account like a thread: a repository that passes to another owner is another object, and its threads stay behind. */
export function repositoryStub(
  environment: Environment,
  account: string,
  repositoryId: number,
): DurableObjectStub<RepositoryObject> {
  return environment.REPOSITORY.get(environment.REPOSITORY.idFromName(`${account}/${repositoryId}`));
}

/** One for the whole server, as there is one App. */
export function githubAppStub(environment: Environment): DurableObjectStub<GitHubAppObject> {
  return environment.GITHUB_APP.get(environment.GITHUB_APP.idFromName("app"));
}
