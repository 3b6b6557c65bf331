/** In front of the shipped bundle: its objects count what Cloudflare bills. `/counted` tells, and begins anew. */
import worker, * as shipped from "./spindle.js";

const counts = new Map();
const cursors = [];
const owners = new WeakMap();
const patched = new WeakSet();
const sizes = new Map();

function count(what, by = 1) {
  if (by > 0) counts.set(what, (counts.get(what) ?? 0) + by);
}

/** What other objects call, and the platform; all else the object calls of itself. Filled in by measure.ts. */
const billed = BILLED;

function counting(name, Base) {
  const { prototype } = Base;
  for (const method of Object.getOwnPropertyNames(prototype)) {
    const original = prototype[method];
    if (!billed[name].includes(method)) continue;
    const what = method === "webSocketMessage" ? `messages ${name}` : `requests ${name}`;
    prototype[method] = function (...given) {
      count(what);
      return original.apply(this, given);
    };
  }
  return class extends Base {
    constructor(context, environment) {
      watch(name, context, environment);
      super(context, environment);
    }

    fetch(request) {
      count(`requests ${name}`);
      return super.fetch(request);
    }
  };
}

function watch(name, context, environment) {
  const { sql } = context.storage;
  owners.set(sql, { name, id: context.id.toString() });
  patch(sql, "exec", function (original, given) {
    const cursor = original.apply(this, given);
    const { name, id } = owners.get(this);
    cursors.push({ name, cursor });
    // Only its own object may ask for it. By id: an object that slept comes back with another handle of the same database.
    sizes.set(id, { name, bytes: this.databaseSize });
    return cursor;
  });
  for (const namespace of [environment.MEMORY, environment.FLAGS]) {
    for (const [method, what] of [
      ["get", "kv reads"],
      ["put", "kv writes"],
      ["delete", "kv writes"],
    ]) {
      patch(namespace, method, function (original, given) {
        count(what);
        return original.apply(this, given);
      });
    }
  }
}

function patch(instance, method, around) {
  const prototype = Object.getPrototypeOf(instance);
  const original = prototype[method];
  if (patched.has(original)) return;
  const wrapped = function (...given) {
    return around.call(this, original, given);
  };
  patched.add(wrapped);
  prototype[method] = wrapped;
}

export const ThreadObject = counting("Thread", shipped.ThreadObject);
export const ConnectionObject = counting("Connection", shipped.ConnectionObject);
export const DirectoryObject = counting("Directory", shipped.DirectoryObject);
export const AccessObject = counting("Access", shipped.AccessObject);
export const MemoryObject = counting("Memory", shipped.MemoryObject);
export const RepositoryObject = counting("Repository", shipped.RepositoryObject);
export const GitHubAppObject = counting("GitHubApp", shipped.GitHubAppObject);
export const PushObject = counting("Push", shipped.PushObject);
export const MetricsObject = counting("Metrics", shipped.MetricsObject);

export default {
  async fetch(request, environment, context) {
    if (new URL(request.url).pathname !== "/counted") {
      count("requests Worker");
      return worker.fetch(request, environment, context);
    }
    for (const { name, cursor } of cursors.splice(0)) {
      count(`rows read ${name}`, cursor.rowsRead);
      count(`rows written ${name}`, cursor.rowsWritten);
    }
    const told = Object.fromEntries(counts);
    for (const { name, bytes } of sizes.values()) told[`bytes ${name}`] = (told[`bytes ${name}`] ?? 0) + bytes;
    counts.clear();
    return Response.json(told);
  },
  scheduled: worker.scheduled,
};
