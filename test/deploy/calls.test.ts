/** While a version comes to its users, old objects call new ones and new ones old ones: what was deployed may be called for ever. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const objects = join(dirname(dirname(import.meta.dirname)), "durable-objects");

/** As they were deployed: method, and how many parameters a call may leave out none of. Lines are added; one is changed or removed only two deployments later. */
const deployed: Record<string, Record<string, number>> = {
  AccessObject: {
    closeSession: 1,
    countSignIn: 1,
    createToken: 1,
    findSession: 1,
    findToken: 1,
    holdSocket: 2,
    listTokens: 0,
    openSession: 1,
    releaseSocket: 1,
    revokeToken: 1,
  },
  ConnectionObject: { announce: 1, deliver: 1, endSocket: 1, tell: 1 },
  DirectoryObject: { join: 1, leave: 1, placeOf: 1, releaseTurnSlot: 1, request: 1, takeTurnSlot: 1, update: 1, wantPushNews: 1 },
  GitHubAppObject: { catchUp: 0, isStopped: 1, listInstallations: 0, noteInstallation: 1, ownApp: 0, switchInstallation: 2 },
  MemoryObject: { forgetShared: 1, forgetThread: 1, report: 2, request: 1, sweep: 0, sweepAll: 0, tellAll: 2 },
  PushObject: { request: 1, take: 1 },
  RepositoryObject: { addEffects: 1, deliver: 1, noteUse: 1, outcomeOf: 1, readBlobs: 1, readTree: 1, receive: 2 },
  ThreadObject: {
    askedProposal: 1,
    deleteThread: 0,
    detach: 1,
    endSocket: 1,
    enterRepository: 1,
    forgetFragments: 1,
    forkThread: 3,
    hangUp: 1,
    readFork: 1,
    request: 2,
    respond: 2,
    resumeThread: 2,
    startThread: 3,
  },
};

test("every class of wrangler.toml stands in the list", () => {
  const toml = readFileSync(join(dirname(objects), "wrangler.toml"), "utf8");
  const bound = [...toml.matchAll(/^class_name = "(\w+)"$/gm)].map(([, name]) => name);
  expect(Object.keys(deployed).sort()).toEqual(bound.sort());
});

test.each(Object.keys(deployed))("%s still has every method that others may call, and none asks for more", (name) => {
  const found = methodsOf(name);
  for (const [method, parameters] of Object.entries(deployed[name] ?? {})) {
    expect(found.get(method), `${name}.${method} was deployed with ${parameters} parameters`).toBeLessThanOrEqual(parameters);
  }
});

test("every method that can be called stands in the list", () => {
  const missing = Object.entries(deployed).map(([name, methods]) => {
    return [name, Object.fromEntries([...methodsOf(name)].filter(([method]) => !(method in methods)))];
  });
  expect(Object.fromEntries(missing)).toEqual(Object.fromEntries(Object.keys(deployed).map((name) => [name, {}])));
});

/** Public methods of the object's class, with the number of parameters that have to be there. */
function methodsOf(name: string): Map<string, number> {
  const files = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith("-object.ts"));
  const source = files
    .map((file) => readFileSync(join(objects, file), "utf8"))
    .find((text) => text.includes(`export class ${name} `));
  if (source === undefined) throw new Error(`there is no ${name}`);
  const body = source.slice(source.indexOf(`export class ${name} `));
  const methods = [...body.slice(0, body.indexOf("\n}\n")).matchAll(/^ {2}(?:async )?(\w+)\(([^)]*)\)[^;]*\{$/gm)];
  return new Map(
    methods.flatMap(([, method = "", parameters = ""]) => {
      if (method === "constructor") return [];
      const needed = parameters.split(/,(?![^<{]*[>}])/).filter((each) => each.trim() !== "" && !/^\s*\w+\?|=/.test(each));
      return [[method, needed.length]];
    }),
  );
}
