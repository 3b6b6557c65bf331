/** What the service worker answers by itself and what it rings with, as pure functions. */
import { expect, test } from "vitest";
import { workerLimits } from "../../web/app/service-worker/limits.ts";
import { maySayNothing, notificationOf, readPushMessage, showsThread } from "../../web/app/service-worker/push-message.ts";
import { isAway, isFile, routeOf } from "../../web/app/service-worker/route.ts";
import { shellName, shellsToForget } from "../../web/app/service-worker/shell-names.ts";

const origin = "https://spindle.example";

function typeOf(path: string, { mode = "no-cors", method = "GET" } = {}) {
  const files = new Set(["/", "/assets/index-1.js", "/icon.svg"]);
  return routeOf({ url: new URL(path, origin).href, mode, method }, { origin, files, waitMs: 3_000 });
}

test("the page and the files of the build are answered, and nothing with an account's data in it", () => {
  expect(typeOf("/", { mode: "navigate" })).toEqual({ type: "page", waitMs: 3_000 });
  expect(typeOf("/?sign-in", { mode: "navigate" })).toEqual({ type: "page", waitMs: null });
  for (const path of ["/assets/index-1.js", "/assets/talk-of-an-earlier-version.js", "/icon.svg"]) {
    expect(typeOf(path), path).toEqual({ type: "asset" });
  }
  const network = [
    "/session",
    "/tokens",
    "/tokens/1",
    "/threads/x",
    "/healthz",
    "/sign-in.css",
    "/service-worker.js",
    "/github/x",
    "/",
  ];
  for (const path of network) expect(typeOf(path, { mode: "cors" }), path).toEqual({ type: "network" });
  for (const path of ["/session", "/anything"]) expect(typeOf(path, { mode: "navigate" }), path).toEqual({ type: "network" });
  expect(typeOf("/session", { method: "DELETE" })).toEqual({ type: "network" });
  expect(typeOf("/", { method: "POST", mode: "navigate" })).toEqual({ type: "network" });
  expect(typeOf("https://elsewhere.example/assets/index-1.js")).toEqual({ type: "network" });
});

test("a refusal is the server's word; only what stands before a server that is away is none", () => {
  expect([502, 503, 504, 521, 530].map(isAway)).toEqual([true, true, true, true, true]);
  expect([200, 304, 401, 403, 404, 429, 500].map(isAway)).toEqual(Array(7).fill(false));
});

test("what is no file of the build is not kept in its place", () => {
  const html = { status: 200, redirected: false, contentType: "text/html; charset=utf-8" };
  const script = { ...html, contentType: "text/javascript" };
  expect(isFile("/", html)).toBe(true);
  expect(isFile("/assets/a.js", script)).toBe(true);
  // The page that stands for everything that is not there; the page to sign in on; one somewhere else.
  expect(isFile("/assets/a.js", html)).toBe(false);
  expect(isFile("/", { ...html, status: 401 })).toBe(false);
  expect(isFile("/", { ...html, redirected: true })).toBe(false);
});

test("shells that open pages may stand on stay, others go", () => {
  const shells = (text: string) =>
    text.split(" ").map((word) => ({ name: shellName(word.replace("*", "")), wasUsed: word.endsWith("*") }));
  const gone = (text: string, own: string, isUsedNow: boolean) =>
    shellsToForget(shells(text), shellName(own), { earlierMax: 2, isUsedNow }).map((name) => name.split("/")[1]);
  expect(gone("a* b", "b", false)).toEqual([]);
  expect(gone("a* b*", "b", true)).toEqual([]);
  expect(gone("a* b* c* d*", "d", true)).toEqual(["a"]);
  // Overtaken while they waited: the last of them may be asked to take over until the new one is there.
  expect(gone("a* b c d", "d", false)).toEqual(["b"]);
  expect(gone("a* b c d*", "d", true)).toEqual(["b", "c"]);
  // One that is being made beside it.
  expect(gone("a* b* c", "b", true)).toEqual([]);
});

const message = {
  kind: "approval",
  threadId: "01a1fb3d",
  itemId: "call_1",
  title: "notes.txt waits",
  body: "+3 −1",
  place: "#/threads/01a1fb3d/changes/call_1",
  waiting: 2,
};

test("a message becomes one notification of its thread and kind, which leads to its place", () => {
  const read = readPushMessage(JSON.stringify(message));
  expect(read?.waiting).toBe(2);
  expect(notificationOf(read, { isQuiet: false })).toEqual({
    title: "notes.txt waits",
    options: {
      body: "+3 −1",
      tag: "approval/01a1fb3d",
      renotify: true,
      silent: false,
      icon: "/icon-192.png",
      badge: "/badge-96.png",
      data: { place: "#/threads/01a1fb3d/changes/call_1" },
    },
  });
  expect(notificationOf(read, { isQuiet: true }).options).toMatchObject({ silent: true, renotify: false });
});

test("what cannot be read says that something waits, and leads nowhere else", () => {
  const wrong = [
    null,
    "",
    "no JSON",
    "null",
    "[]",
    JSON.stringify({ ...message, kind: "advertisement" }),
    JSON.stringify({ ...message, threadId: 7 }),
    JSON.stringify({ ...message, title: "" }),
    ...[
      "https://elsewhere.example/",
      "//elsewhere.example",
      "#/settings/tokens",
      "#/threads/a/changes/b\nc",
      `#/threads/${"a".repeat(2_000)}`,
    ].map((place) => JSON.stringify({ ...message, place })),
  ];
  for (const text of wrong) {
    expect(readPushMessage(text), String(text)).toBeNull();
    const { title, options } = notificationOf(readPushMessage(text), { isQuiet: false });
    expect([title, options.data.place, options.tag]).toEqual(["Spindle needs you", "#/inbox", "unknown"]);
  }
  expect(readPushMessage(JSON.stringify({ ...message, waiting: "many", body: 3 }))).toMatchObject({ waiting: 0, body: "" });
});

test("a notification shows words and no more of them than a phone shows", () => {
  const read = readPushMessage(JSON.stringify({ ...message, title: "a\u202eb\u0000\nc", body: "x".repeat(2_000) }));
  expect(read?.title).toBe("a b c");
  expect(read?.body).toHaveLength(workerLimits.bodyCharactersMax);
});

test("which page shows the thread, and which browsers let one be silent about it", () => {
  expect(showsThread("#/threads/a/changes/x", "a")).toBe(true);
  expect(["#/threads/ab", "#/inbox", "", "#/threads/"].map((place) => showsThread(place, "a"))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(maySayNothing("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36")).toBe(
    true,
  );
  expect(
    maySayNothing(
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    ),
  ).toBe(false);
});
