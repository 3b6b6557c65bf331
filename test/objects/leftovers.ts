/** Everything that the server keeps anywhere: each table of each object, and KV, read raw. */
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { environment } from "./story.ts";

const namespaces = {
  THREAD: environment.THREAD,
  CONNECTION: environment.CONNECTION,
  DIRECTORY: environment.DIRECTORY,
  ACCESS: environment.ACCESS,
  MEMORY_WRITER: environment.MEMORY_WRITER,
  REPOSITORY: environment.REPOSITORY,
  GITHUB_APP: environment.GITHUB_APP,
  METRICS: environment.METRICS,
  PUSH: environment.PUSH,
} as const;

/** Places that hold one of the words: `DIRECTORY.said: word`. Sorted, each once. */
export async function placesOf(words: Record<string, string>): Promise<string[]> {
  const found = new Set<string>();
  const look = (place: string, text: string) => {
    for (const [name, word] of Object.entries(words)) if (text.includes(word)) found.add(`${place}: ${name}`);
  };
  for (const [name, namespace] of Object.entries(namespaces)) {
    for (const id of await listDurableObjectIds(namespace as DurableObjectNamespace)) {
      const texts = await runInDurableObject(namespace.get(id as never) as never, (_, state: DurableObjectState) => dump(state));
      for (const [table, text] of texts) look(`${name}.${table}`, text);
    }
  }
  for (const [name, store] of [
    ["MEMORY", environment.MEMORY],
    ["FLAGS", environment.FLAGS],
  ] as const) {
    for (const { name: key } of (await store.list()).keys) {
      look(`${name}: key`, key);
      look(name, (await store.get(key)) ?? "");
    }
  }
  return [...found].sort();
}

/** Also the tables in which the search keeps its index. */
async function dump({ storage }: DurableObjectState): Promise<[table: string, text: string][]> {
  const tables = storage.sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
    .toArray();
  const texts = tables.map(({ name }): [string, string] => {
    const rows = storage.sql.exec(`SELECT * FROM "${name}"`).raw();
    return [name, [...rows].flat().map(textOf).join("\n")];
  });
  return [...texts, ["(values)", JSON.stringify([...(await storage.list())])]];
}

function textOf(value: unknown): string {
  return value instanceof ArrayBuffer ? new TextDecoder("latin1").decode(value) : String(value);
}

/** How many objects there are of each kind, so that a test sees that it looked at all. */
export async function objectsOf(name: keyof typeof namespaces): Promise<number> {
  return (await listDurableObjectIds(namespaces[name] as unknown as DurableObjectNamespace)).length;
}
