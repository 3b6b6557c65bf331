/** What of the account's configuration begins new threads, read from the server and written value by value. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Client } from "#client/client";

export type ConfigKey = "model" | "model_reasoning_effort" | "approval_policy" | "decision_mode";

export interface AccountConfig {
  /** Null until the server said. What is no string, or of no key of ours, is not in it. */
  values: ReadonlySignal<Partial<Record<ConfigKey, string>> | null>;
  failure: ReadonlySignal<string | null>;
  /** The key that was written last, and whether the server has it. */
  saved: ReadonlySignal<{ key: ConfigKey; isSaved: boolean } | null>;
  read(): Promise<void>;
  /** Null takes the value away: the server's own is in effect again. */
  write(key: ConfigKey, value: string | null): Promise<void>;
}

const keys: ConfigKey[] = ["model", "model_reasoning_effort", "approval_policy", "decision_mode"];

export function createAccountConfig(client: Client): AccountConfig {
  const values = signal<Partial<Record<ConfigKey, string>> | null>(null);
  const failure = signal<string | null>(null);
  const saved = signal<{ key: ConfigKey; isSaved: boolean } | null>(null);
  const read = async () => {
    try {
      const { config } = await client.request("config/read", {});
      const known = keys.flatMap((key) => (typeof config[key] === "string" ? [[key, config[key]]] : []));
      values.value = Object.fromEntries(known);
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
  };
  return {
    values,
    failure,
    saved,
    read,
    write: async (key, value) => {
      failure.value = null;
      saved.value = { key, isSaved: false };
      values.value = { ...values.value, [key]: value ?? undefined };
      try {
        await client.request("config/value/write", { keyPath: key, value, mergeStrategy: "replace" }, { isIdempotent: true });
        saved.value = { key, isSaved: true };
      } catch (error) {
        saved.value = null;
        failure.value = error instanceof Error ? error.message : String(error);
      }
      await read();
    },
  };
}
