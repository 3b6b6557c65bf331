/** One edit of a configuration: a new table, the old one untouched. */
import { limits } from "#core/limits";

type Table = Record<string, unknown>;

/** Sets what is at the path, merges tables when it is an upsert, takes it away when it is null; or says why not. */
export function setAt(
  table: Table,
  keyPath: string,
  value: unknown,
  mergeStrategy: "replace" | "upsert",
): { table: Table } | { problem: string } {
  const keys = keysOf(keyPath);
  if (!Array.isArray(keys)) return keys;
  if (keys.length > limits.configDepthMax) return { problem: `a keyPath holds at most ${limits.configDepthMax} keys` };
  // A table that carries this key would change what an object is for whoever copies it member by member.
  if (keys.includes("__proto__") || holdsProto(value)) return { problem: "`__proto__` is not a key of a configuration" };
  const [first] = keys;
  if (value !== null && first === "profile" && keys.length === 1) return { problem: legacyProfile };
  if (value !== null && first === "profiles") return { problem: legacyProfiles };
  if (value !== null && holdsNull(value)) return { problem: "invalid value: null is none of a configuration" };
  return { table: value === null ? withoutPath(table, keys) : withPath(table, keys, value, mergeStrategy) };
}

const legacyProfile =
  "`profile` is a legacy config selector and can no longer be written; use `--profile <name>` with `<name>.config.toml` instead";
const legacyProfiles =
  "`profiles` contains legacy config profile tables and can no longer be written; use `--profile <name>` with `<name>.config.toml` instead";

/** Members are defined and not assigned, so that no key means anything but itself. */
function withPath(table: Table, [key = "", ...below]: string[], value: unknown, mergeStrategy: "replace" | "upsert"): Table {
  const existing = Object.hasOwn(table, key) ? table[key] : undefined;
  const isMerge = below.length === 0 && mergeStrategy === "upsert" && isTable(existing) && isTable(value);
  if (isMerge) return { ...table, [key]: merged(existing, value) };
  if (below.length === 0) return { ...table, [key]: value };
  return { ...table, [key]: withPath(isTable(existing) ? existing : {}, below, value, mergeStrategy) };
}

function withoutPath(table: Table, [key = "", ...below]: string[]): Table {
  const existing = Object.hasOwn(table, key) ? table[key] : undefined;
  if (below.length > 0) return isTable(existing) ? { ...table, [key]: withoutPath(existing, below) } : table;
  return Object.fromEntries(Object.entries(table).filter(([name]) => name !== key));
}

function merged(table: Table, other: Table): Table {
  const members = Object.entries(other).map(([key, value]): [string, unknown] => {
    const existing = Object.hasOwn(table, key) ? table[key] : undefined;
    return [key, isTable(existing) && isTable(value) ? merged(existing, value) : value];
  });
  return Object.fromEntries([...Object.entries(table), ...members]);
}

/** `a.b`, and `"a.b".c` where a key holds dots; a backslash before a character of a quoted key takes it as it is. The real server's words. */
function keysOf(keyPath: string): string[] | { problem: string } {
  if (keyPath.trim() === "") return { problem: "keyPath must not be empty" };
  const keys: string[] = [];
  let key = "";
  let isQuoted = false;
  for (let at = 0; at < keyPath.length; at += 1) {
    const character = keyPath.charAt(at);
    if (character === '"' && (isQuoted || key === "")) isQuoted = !isQuoted;
    else if (character === '"') return { problem: "invalid quoted keyPath segment" };
    else if (character === "\\" && isQuoted) {
      at += 1;
      if (at === keyPath.length) return { problem: "unterminated escape in keyPath" };
      key += keyPath.charAt(at);
    } else if (character === "." && !isQuoted) {
      if (key === "") return { problem: "keyPath segments must not be empty" };
      keys.push(key);
      key = "";
    } else key += character;
  }
  if (isQuoted) return { problem: "unterminated quoted keyPath segment" };
  if (key === "") return { problem: "keyPath segments must not be empty" };
  return [...keys, key];
}

function holdsProto(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsProto);
  return isTable(value) && Object.entries(value).some(([key, member]) => key === "__proto__" || holdsProto(member));
}

function holdsNull(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsNull);
  return value === null || (isTable(value) && Object.values(value).some(holdsNull));
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
