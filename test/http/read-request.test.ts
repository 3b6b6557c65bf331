/** A request becomes the method's params by its row, or a problem that names the place. */
import { expect, test } from "vitest";
import { type RawRequest, readRequest } from "../../workers/http/read-request.ts";
import { type Route, routes } from "../../workers/http/routes.ts";

const threadId = "01a1fb3f-0000-7000-8000-000000000000";
const input = [{ type: "text", text: "hi" }];

function row(id: string): Route {
  const found = routes.find((route) => route.id === id);
  if (!found) throw new Error(`no route ${id}`);
  return found;
}

function read(id: string, raw: Partial<Omit<RawRequest, "query">> & { query?: string }) {
  const { query = "", ...more } = raw;
  return readRequest(row(id), {
    path: {},
    body: undefined,
    idempotencyKey: null,
    account: "alice",
    query: new URLSearchParams(query),
    ...more,
  });
}

test("path, query and body become params by the names that the method has", () => {
  expect(read("listThreads", { query: "limit=3&archived=true&searchTerm=12" })).toEqual({
    params: { limit: 3, archived: true, searchTerm: "12" },
  });
  expect(read("steerTurn", { path: { threadId, turnId: "t" }, body: { input } })).toMatchObject({
    params: { threadId, expectedTurnId: "t", input: [{ type: "text", text: "hi", text_elements: [] }] },
  });
  expect(read("readFile", { path: { threadId }, query: "path=/workspace/a%20b.txt" })).toEqual({
    params: { threadId, path: "/workspace/a b.txt" },
  });
});

test.each<[string, Parameters<typeof read>[1], name: string, at: string]>([
  ["listThreads", { query: "limit=x" }, "invalidParameter", "?limit"],
  ["listThreads", { query: "limit=-1" }, "invalidParameter", "?limit"],
  ["listThreads", { query: "limit=1&limit=2" }, "invalidParameter", "?limit"],
  ["listThreads", { query: "colour=red" }, "invalidParameter", "?colour"],
  ["listThreads", { query: "__proto__=1" }, "invalidParameter", "?__proto__"],
  ["startTurn", { path: { threadId }, body: JSON.parse('{"input":[],"__proto__":{"a":1}}') }, "invalidBody", "/__proto__"],
  ["startTurn", { path: { threadId }, body: {} }, "invalidBody", "/input"],
  ["startTurn", { path: { threadId }, body: [] }, "invalidBody", "/"],
  ["startTurn", { path: { threadId }, body: null }, "invalidBody", "/input"],
  ["startTurn", { path: { threadId }, body: { input: [{ type: "smell" }] } }, "invalidBody", "/input/0/type"],
  ["startTurn", { path: { threadId }, body: { input, threadId } }, "invalidBody", "/threadId"],
  ["decideApproval", { path: { requestId: "r" }, body: { decision: "maybe" } }, "invalidBody", "/decision"],
  ["decideApproval", { path: { requestId: "r" }, body: { decision: "accept", hunks: [0] } }, "invalidBody", "/hunks/0"],
])("%s with %j is refused as %s at %s", (id, raw, name, at) => {
  expect(read(id, raw)).toMatchObject({ problem: { name, status: 400, errors: [{ at }] } });
});

test("what is in the path cannot be said otherwise in the body or the query", () => {
  expect(read("readThread", { path: { threadId }, query: "threadId=other" })).toMatchObject({
    problem: { name: "invalidParameter" },
  });
});

test("an Idempotency-Key becomes the id by which the protocol knows a retry", () => {
  const start = (idempotencyKey: string, account = "alice") => read("createThread", { body: {}, idempotencyKey, account });
  const first = start('"order 1"');
  expect(first).toMatchObject({ problem: { name: "invalidIdempotencyKey" } });
  const made = start('"order-1"') as { params: { threadId: string } };
  expect(made.params.threadId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(start("order-1")).toEqual(made);
  expect(start("order-2")).not.toEqual(made);
  expect(start("order-1", "bob")).not.toEqual(made);
  const turn = read("startTurn", { path: { threadId }, body: { input }, idempotencyKey: '"k"' });
  expect(turn).toMatchObject({ params: { clientUserMessageId: "k" } });
  const both = read("startTurn", { path: { threadId }, body: { input, clientUserMessageId: "own" }, idempotencyKey: "k" });
  expect(both).toMatchObject({ params: { clientUserMessageId: "own" } });
  for (const bad of ["", '""', "a b", "ä", "k".repeat(256)]) {
    expect(start(bad), bad).toMatchObject({ problem: { name: "invalidIdempotencyKey" } });
  }
});
