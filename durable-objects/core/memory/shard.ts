/** Fragments of one scope as text that never changes, named by its hash; and a manifest that names the shards of a generation. */
import type { Hash } from "#core/hash";
import { type Fragment, type Scope, scopeKey } from "#core/memory/fragment";
import type { Knowledge } from "#core/memory/learn";
import type { Standing } from "#core/memory/standing";

/** Version of both formats; a reader that meets another one keeps what it has. */
const format = 1;

/** What a turn needs of a scope. */
export interface ScopeShard {
  account: string;
  scope: Scope;
  knowledge: Knowledge;
  fragments: Fragment[];
}

/** One scope in a manifest. `previousHash` is what stood there a generation ago; null: nothing. */
export interface ShardEntry {
  scope: string;
  hash: string;
  previousHash: string | null;
}

/** The one key that changes. Example: `{"format":1,"generation":7,"at":1795216469357,"shards":[{"scope":"account","hash":"9f…","previousHash":null}],"standing":{"isOn":true,…}}` */
export interface Manifest {
  generation: number;
  /** Unix ms. */
  at: number;
  standing: Standing;
  shards: ShardEntry[];
}

/** The same fragments always give the same text, in whatever order they come: so a scope that did not change is not written again. */
export function writeShard({ account, scope, knowledge, fragments }: ScopeShard): string {
  const living = fragments.filter(({ state }) => state !== "tombstone").sort((one, other) => (one.id < other.id ? -1 : 1));
  return canonical({ format, account, scope, knowledge, fragments: living });
}

/** Null for a text that is not what its name says, or not of this account and scope: better no memory than another's. */
export function readShard(
  text: string,
  expected: { hash: string; account: string; scope: string },
  hash: Hash,
): ScopeShard | null {
  if (hash(text) !== expected.hash) return null;
  // The hash proves that `writeShard` wrote it, so its shape is known.
  const shard = JSON.parse(text) as ScopeShard & { format: number };
  if (shard.format !== format || shard.account !== expected.account || scopeKey(shard.scope) !== expected.scope) return null;
  return { account: shard.account, scope: shard.scope, knowledge: shard.knowledge, fragments: shard.fragments };
}

/** The next generation. Null where nothing changed, so that nothing is published for nothing. */
export function nextManifest(
  previous: Manifest | null,
  shards: readonly { scope: string; hash: string }[],
  standing: Standing,
  nowMs: number,
): Manifest | null {
  const old = new Map(previous?.shards.map((entry) => [entry.scope, entry]));
  const isSame = shards.length === old.size && shards.every(({ scope, hash }) => old.get(scope)?.hash === hash);
  if (previous && isSame && canonical(previous.standing) === canonical(standing)) return null;
  const entries = shards.map(({ scope, hash }): ShardEntry => {
    const before = old.get(scope);
    return { scope, hash, previousHash: before?.hash === hash ? before.previousHash : (before?.hash ?? null) };
  });
  entries.sort((one, other) => (one.scope < other.scope ? -1 : 1));
  return { generation: (previous?.generation ?? 0) + 1, at: nowMs, standing, shards: entries };
}

export function writeManifest(manifest: Manifest): string {
  return canonical({ format, ...manifest });
}

/** Null for what is not a manifest of this format: the reader keeps the one it has. */
export function readManifest(text: string): Manifest | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Whoever wrote it, it was not us; the border treats it like a missing key.
    return null;
  }
  if (!isManifest(parsed)) return null;
  const { generation, at, standing, shards } = parsed;
  return { generation, at, standing, shards };
}

/** JSON with the keys of every object in order, so that equal values are equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  if (!("format" in value) || value.format !== format) return false;
  if (!("generation" in value) || !Number.isSafeInteger(value.generation) || !("at" in value) || typeof value.at !== "number")
    return false;
  if (!("standing" in value) || typeof value.standing !== "object" || value.standing === null) return false;
  return "shards" in value && Array.isArray(value.shards) && value.shards.every(isEntry);
}

function isEntry(value: unknown): value is ShardEntry {
  if (typeof value !== "object" || value === null) return false;
  if (!("scope" in value) || typeof value.scope !== "string" || !("hash" in value) || typeof value.hash !== "string")
    return false;
  return "previousHash" in value && (value.previousHash === null || typeof value.previousHash === "string");
}
