/** The Worker's bindings, as wrangler.toml names them, and the operator's variables. */
import type { ConnectionObject } from "./connection/connection-object.ts";
import type { DirectoryObject } from "./directory/directory-object.ts";
import type { ThreadObject } from "./thread/thread-object.ts";

export interface Environment {
  THREAD: DurableObjectNamespace<ThreadObject>;
  CONNECTION: DurableObjectNamespace<ConnectionObject>;
  DIRECTORY: DurableObjectNamespace<DirectoryObject>;
  MEMORY: KVNamespace;
  ASSETS: Fetcher;
  OPENAI_API_KEY?: string;
  OPENAI_BASE_URL?: string;
  /** One model, or several with commas between; the first is the default. */
  OPENAI_MODEL?: string;
  /** `1`: answers go on at the endpoint when this object dies, and are taken up again. OpenAI's own endpoint only; it keeps them for that. */
  OPENAI_BACKGROUND?: string;
  /** With it every request needs it as a bearer token; without it only this machine is served. */
  SPINDLE_TOKEN?: string;
  /** Milliseconds between two numbers that `rehearsal` counts; for load runs. */
  SPINDLE_REHEARSAL_INTERVAL_MS?: string;
}

/** Object names begin with the account: a thread id of another account names another object, which is empty. */
export function threadName(account: string, threadId: string): string {
  return `${account}/${threadId}`;
}

export function threadStub(environment: Environment, account: string, threadId: string): DurableObjectStub<ThreadObject> {
  return environment.THREAD.get(environment.THREAD.idFromName(threadName(account, threadId)));
}

export function directoryStub(environment: Environment, account: string): DurableObjectStub<DirectoryObject> {
  return environment.DIRECTORY.get(environment.DIRECTORY.idFromName(account));
}

export function connectionStub(environment: Environment, connection: string): DurableObjectStub<ConnectionObject> {
  return environment.CONNECTION.get(environment.CONNECTION.idFromName(connection));
}
