/** What every view reads: the client, and what it knows, as signals. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Client, createClient } from "#client/client";
import type { ConnectionState } from "#client/connection";
import type { Model } from "#protocol/account-and-config-methods";
import { createThreadList, type ThreadList } from "./thread-list.ts";

export interface Store {
  client: Client;
  connection: ReadonlySignal<ConnectionState>;
  /** The model that turns run with unless somebody says otherwise; null until the server said. */
  defaultModel: ReadonlySignal<Model | null>;
  threads: ThreadList;
}

export function createStore(): Store {
  const client = createClient({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`,
    clientInfo: { name: "spindle-web", title: "Spindle", version: "1" },
  });
  const connection = signal(client.state);
  client.onStateChange((state) => {
    connection.value = state;
  });
  const defaultModel = signal<Model | null>(null);
  client.request("model/list", {}).then(
    ({ data }) => {
      defaultModel.value = data.find(({ isDefault }) => isDefault) ?? null;
    },
    () => {
      // The connection's own state says what is wrong.
    },
  );
  // Phones freeze pages and drop their network; coming back should not wait for the pause to end.
  addEventListener("online", () => client.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") client.wake();
  });
  return { client, connection, defaultModel, threads: createThreadList(client) };
}

const context = createContext<Store | null>(null);
export const StoreProvider = context.Provider;

export function useStore(): Store {
  const store = useContext(context);
  if (!store) throw new Error("a view outside of the page");
  return store;
}
