/** What every view reads: the client, and what it knows, as signals. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Client, createClient } from "#client/client";
import type { ConnectionState } from "#client/connection";
import type { LateAnswer, OutgoingMessage } from "#client/unsent";
import type { Model } from "#protocol/account-and-config-methods";
import { createAccount, type Session } from "./account.ts";
import { createHeard } from "./heard.ts";
import { keptStore } from "./kept.ts";
import { createKeptList } from "./kept-list.ts";
import { createOutbox } from "./outbox.ts";
import { createThreadCache } from "./thread-cache.ts";
import { createThreadList, type ThreadList } from "./thread-list.ts";

export interface Store {
  client: Client;
  connection: ReadonlySignal<ConnectionState>;
  session: ReadonlySignal<Session>;
  /** Messages on their way, of all threads, oldest first: what a talk shows below what the log has. `client.unsent` sends and takes back. */
  unsent: ReadonlySignal<readonly OutgoingMessage[]>;
  /** Answers that were given offline, and too late; `client.unsent.dismissLate` when it was seen. */
  lateAnswers: ReadonlySignal<readonly LateAnswer[]>;
  /** The model that turns run with unless somebody says otherwise; null until the server said. */
  defaultModel: ReadonlySignal<Model | null>;
  /** That a person may choose; empty until the server said. */
  models: ReadonlySignal<readonly Model[]>;
  threads: ThreadList;
  /** Until when the server was heard, Unix ms: how old is what is shown without it. */
  heard: ReadonlySignal<number | null>;
  /** Whose page this is; see `Account`. */
  account: Promise<string>;
}

export function createStore(): Store {
  const account = createAccount();
  const client = createClient({
    cache: createThreadCache(keptStore(account.name, "threads"), foldVersion),
    outbox: createOutbox(keptStore(account.name, "unsent")),
    maySend: account.isStill,
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`,
    clientInfo: { name: "spindle-web", title: "Spindle", version: "1" },
  });
  const connection = signal(client.state);
  client.onStateChange((state) => {
    connection.value = state;
    // Online it is asked before anything is sent.
    if (state.type === "waiting" || state.type === "closed") void account.check();
  });
  const unsent = signal(client.unsent.all);
  const lateAnswers = signal(client.unsent.lateAnswers);
  client.unsent.subscribe(() => {
    unsent.value = client.unsent.all;
    lateAnswers.value = client.unsent.lateAnswers;
  });
  const defaultModel = signal<Model | null>(null);
  const models = signal<readonly Model[]>([]);
  client.request("model/list", {}).then(
    ({ data }) => {
      models.value = data;
      defaultModel.value = data.find(({ isDefault }) => isDefault) ?? null;
    },
    () => {
      // The connection's own state says what is wrong.
    },
  );
  // Phones freeze pages and drop their network; coming back should not wait for the pause to end.
  addEventListener("online", () => client.wake());
  // A socket is the last to hear of it.
  addEventListener("offline", () => client.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") client.wake();
    else void client.rest();
  });
  addEventListener("pagehide", () => void client.rest());
  return {
    client,
    connection,
    session: account.session,
    unsent,
    lateAnswers,
    defaultModel,
    models,
    threads: createThreadList(client, createKeptList(keptStore(account.name, "list"), foldVersion)),
    heard: createHeard(client),
    account: account.name,
  };
}

const context = createContext<Store | null>(null);
export const StoreProvider = context.Provider;

export function useStore(): Store {
  const store = useContext(context);
  if (!store) throw new Error("a view outside of the page");
  return store;
}
