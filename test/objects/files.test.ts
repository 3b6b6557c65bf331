import { expect } from "vitest";
import { createRandom } from "#test/support/random";
import type { Client, Wire } from "./client.ts";
import { inThread, story } from "./story.ts";

const noSuchFile = "-32603 No such file or directory (os error 2)";

story("files are written, read, looked at, listed, copied and removed", async ({ client, sleep }) => {
  const fs = filesOf(client, await client.startThread());
  const before = Date.now();
  expect(await fs("createDirectory", { path: "/workspace/a/b" })).toEqual({});
  expect(await fs("writeFile", { path: "/workspace/a/b/one.txt", dataBase64: base64("one") })).toEqual({});
  await sleep();
  expect(await fs("readFile", { path: "/workspace/a/b/one.txt" })).toEqual({ dataBase64: base64("one") });
  const file = await fs("getMetadata", { path: "/workspace/a/b/one.txt" });
  expect(file).toEqual({
    isDirectory: false,
    isFile: true,
    isSymlink: false,
    createdAtMs: expect.any(Number),
    modifiedAtMs: expect.any(Number),
  });
  expect(file.createdAtMs).toBeGreaterThanOrEqual(before - 1_000);
  expect(await fs("getMetadata", { path: "/workspace/a" })).toMatchObject({ isDirectory: true, isFile: false, isSymlink: false });
  expect(await fs("getMetadata", { path: "/workspace" })).toMatchObject({ isDirectory: true });
  expect(await fs("copy", { sourcePath: "/workspace/a/b/one.txt", destinationPath: "/workspace/two.txt" })).toEqual({});
  expect(await fs("copy", { sourcePath: "/workspace/a", destinationPath: "/workspace/c", recursive: true })).toEqual({});
  expect(await fs("readDirectory", { path: "/workspace" })).toEqual({
    entries: [
      { fileName: "a", isDirectory: true, isFile: false },
      { fileName: "c", isDirectory: true, isFile: false },
      { fileName: "two.txt", isDirectory: false, isFile: true },
    ],
  });
  expect(await fs("readFile", { path: "/workspace/c/b/one.txt" })).toEqual({ dataBase64: base64("one") });
  await fs("writeFile", { path: "/workspace/two.txt", dataBase64: base64("2") });
  expect(await fs("readFile", { path: "/workspace/a/b/one.txt" }), "a copy is a copy").toEqual({ dataBase64: base64("one") });
  await sleep();
  expect(await fs("remove", { path: "/workspace/a" })).toEqual({});
  expect(await fs("remove", { path: "/workspace/a" }), "force is the default").toEqual({});
  expect((await fs("readDirectory", { path: "/workspace" })).entries.map(({ fileName }: Wire) => fileName)).toEqual([
    "c",
    "two.txt",
  ]);
});

/** What each method refuses, after `dir/x.txt` and `file.txt` were written. */
const refused: [method: string, params: object, refusal: string][] = [
  ["readFile", { path: "/workspace/nope" }, noSuchFile],
  ["readFile", { path: "/workspace/dir" }, "-32603 Is a directory (os error 21)"],
  ["readFile", { path: "/workspace/file.txt/x" }, noSuchFile],
  ["readFile", { path: "relative" }, "-32600 Invalid request: AbsolutePathBuf deserialized without a base path"],
  ["readFile", {}, "-32600 Invalid request: missing field `path`"],
  ["readFile", { path: 5 }, "-32600 Invalid request: invalid type: integer `5`, expected a string"],
  ["readFile", { path: "/etc/passwd" }, "-32600 Invalid request: path is outside of the workspace /workspace: /etc/passwd"],
  [
    "readFile",
    { path: "/workspace/../etc/passwd" },
    "-32600 Invalid request: path is outside of the workspace /workspace: /workspace/../etc/passwd",
  ],
  ["readFile", { path: "/workspace2/x" }, "-32600 Invalid request: path is outside of the workspace /workspace: /workspace2/x"],
  [
    "writeFile",
    { path: "/etc/x", dataBase64: "" },
    "-32600 Invalid request: path is outside of the workspace /workspace: /etc/x",
  ],
  ["writeFile", { path: "/workspace/dir", dataBase64: "" }, "-32603 Is a directory (os error 21)"],
  ["writeFile", { path: "/workspace", dataBase64: "" }, "-32603 Is a directory (os error 21)"],
  ["writeFile", { path: "/workspace/file.txt/x", dataBase64: "" }, "-32603 Not a directory (os error 20)"],
  [
    "writeFile",
    { path: "/workspace/a", dataBase64: "%%%" },
    "-32600 Invalid request: fs/writeFile requires valid base64 dataBase64",
  ],
  [
    "writeFile",
    { path: "/workspace/a", dataBase64: "YQ" },
    "-32600 Invalid request: fs/writeFile requires valid base64 dataBase64",
  ],
  ["writeFile", { path: "/workspace/a" }, "-32600 Invalid request: missing field `dataBase64`"],
  ["writeFile", { path: "/workspace/a\0b", dataBase64: "" }, '-32603 not a path of a workspace: "a\\u0000b"'],
  ["writeFile", { path: "/workspace/.git/config", dataBase64: "" }, '-32603 not a path of a workspace: ".git/config"'],
  ["createDirectory", { path: "/workspace/file.txt" }, "-32603 File exists (os error 17)"],
  ["createDirectory", { path: "/workspace/dir", recursive: false }, "-32603 File exists (os error 17)"],
  ["createDirectory", { path: "/workspace/x/y", recursive: false }, noSuchFile],
  ["getMetadata", { path: "/workspace/nope" }, noSuchFile],
  ["readDirectory", { path: "/workspace/nope" }, noSuchFile],
  ["readDirectory", { path: "/workspace/file.txt" }, "-32603 Not a directory (os error 20)"],
  ["remove", { path: "/workspace/nope", force: false }, noSuchFile],
  ["remove", { path: "/workspace/dir", recursive: false }, "-32603 Directory not empty (os error 39)"],
  ["copy", { sourcePath: "/workspace/nope", destinationPath: "/workspace/x" }, noSuchFile],
  [
    "copy",
    { sourcePath: "/workspace/dir", destinationPath: "/workspace/x" },
    "-32603 fs/copy requires recursive: true when sourcePath is a directory",
  ],
  [
    "copy",
    { sourcePath: "/workspace/dir", destinationPath: "/workspace/dir/below", recursive: true },
    "-32603 fs/copy cannot copy a directory to itself or one of its descendants",
  ],
  [
    "copy",
    { sourcePath: "/workspace/file.txt", destinationPath: "/tmp/x" },
    "-32600 Invalid request: path is outside of the workspace /workspace: /tmp/x",
  ],
];
story("what cannot be done with files is refused in Linux's words and changes nothing", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.writeFile("dir/x.txt", "x");
  await client.writeFile("file.txt", "f");
  await sleep();
  const answers: Record<string, string> = {};
  for (const [method, params] of refused) {
    answers[`${method} ${JSON.stringify(params)}`] = await client.refusal(`fs/${method}`, { threadId, ...params });
  }
  expect(answers).toEqual(
    Object.fromEntries(refused.map(([method, params, refusal]) => [`${method} ${JSON.stringify(params)}`, refusal])),
  );
  expect(await client.files()).toEqual(["dir", "file.txt"]);
  expect([await client.readFile("dir/x.txt"), await client.readFile("file.txt")]).toEqual(["x", "f"]);
});

story("`.` and `..` within the workspace are resolved", async ({ client }) => {
  await client.startThread();
  await client.writeFile("a/../b/./c.txt", "c");
  expect(await client.readFile("b/c.txt")).toBe("c");
  expect(await client.readFile("nowhere/../b/c.txt")).toBe("c");
});

story(
  "a file keeps every byte, also above a megabyte, and no row of it nears the platform's bound",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    const random = createRandom(7);
    const bytes = Buffer.alloc(2_500_001, Buffer.from(Array.from({ length: 9_973 }, () => random.below(256))));
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const [name, content] of Object.entries({ "big.bin": bytes, "every.bin": every, "empty.bin": Buffer.alloc(0) })) {
      const path = `/workspace/${name}`;
      await client.request("fs/writeFile", { threadId, path, dataBase64: content.toString("base64") });
      await sleep();
      const { dataBase64 } = await client.request("fs/readFile", { threadId, path });
      expect(Buffer.from(dataBase64, "base64").equals(content), name).toBe(true);
    }
    const rows = await inThread(threadId, (_, { storage }) =>
      storage.sql.exec("SELECT count(*) AS parts, max(length(bytes)) AS bytesMax FROM blobs").one(),
    );
    expect(rows).toEqual({ parts: 5, bytesMax: 1_000_000 });
  },
);

story("a file as large as a message can carry is taken", async ({ client }) => {
  const threadId = await client.startThread();
  const params = { threadId, path: "/workspace/a.bin", dataBase64: "A".repeat(8 * 1024 * 1024 - 300) };
  expect(await client.request("fs/writeFile", params)).toEqual({});
  expect((await client.turn("say hi")).status).toBe("completed");
});

story("a symlink is told as one, followed inside, and leads nowhere outside", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  await client.writeFile("real/a.txt", "alpha");
  await client.turn(
    "run ln -s real/a.txt link.txt; ln -s real folder; ln -s /etc/passwd out; ln -s ../../etc up; ln -s round round",
  );
  await sleep();
  expect(await client.request("fs/getMetadata", { threadId, path: "/workspace/link.txt" })).toMatchObject({
    isDirectory: false,
    isFile: false,
    isSymlink: true,
  });
  expect(await client.readFile("link.txt")).toBe("alpha");
  expect(await client.readFile("folder/a.txt")).toBe("alpha");
  for (const path of ["out", "up/passwd", "round"]) {
    expect(await client.refusal("fs/readFile", { threadId, path: `/workspace/${path}` }), path).toBe(noSuchFile);
  }
  await client.writeFile("link.txt", "beta");
  expect(await client.readFile("real/a.txt"), "writing through a link writes what it leads to").toBe("beta");
  await client.request("fs/remove", { threadId, path: "/workspace/link.txt" });
  expect(await client.readFile("real/a.txt")).toBe("beta");
});

story("a path alone belongs to the thread that this socket started or resumed last", async ({ client, connect, sleep }) => {
  const one = await client.startThread();
  const two = await client.startThread();
  const path = "/workspace/a.txt";
  const write = (text: string) => client.request("fs/writeFile", { path, dataBase64: base64(text) });
  const read = async (threadId: string) => client.request("fs/readFile", { path, threadId });
  await write("two");
  await sleep();
  expect(await read(two)).toEqual({ dataBase64: base64("two") });
  expect(await client.refusal("fs/readFile", { path, threadId: one })).toBe(noSuchFile);
  await client.resume(one);
  await sleep();
  await write("one");
  expect(await read(one)).toEqual({ dataBase64: base64("one") });
  expect(await read(two)).toEqual({ dataBase64: base64("two") });
  const other = await connect();
  expect(await other.refusal("fs/readFile", { path })).toBe(
    `-32600 Invalid request: no thread of this connection has a workspace that contains ${path}`,
  );
});

story("a path belongs to the thread whose workspace is the nearest above it", async ({ client, sleep }) => {
  const outer = await client.startThread({ cwd: "/home/me" });
  const inner = await client.startThread({ cwd: "/home/me/project" });
  const similar = await client.startThread({ cwd: "/home/me/proj" });
  await sleep();
  const owners = { "/home/me/a": outer, "/home/me/project/a": inner, "/home/me/proj/a": similar, "/home/me/projects/a": outer };
  for (const [path, threadId] of Object.entries(owners)) {
    await client.request("fs/writeFile", { path, dataBase64: base64(path) });
    expect(await client.request("fs/readFile", { path, threadId })).toEqual({ dataBase64: base64(path) });
  }
  // Who names the thread is answered by it, also where another's workspace is nearer.
  const refusal = await client.refusal("fs/readFile", { path: "/home/me/project/a", threadId: outer });
  expect(refusal).toBe(noSuchFile);
});

story("a thread's files can be read by whoever may read the thread, and are its own", async ({ client, connect, sleep }) => {
  const one = await client.startThread();
  await client.writeFile("a.txt", "one");
  await client.startThread();
  await client.writeFile("a.txt", "two");
  await sleep();
  const other = await connect();
  expect(await other.request("fs/readFile", { threadId: one, path: "/workspace/a.txt" })).toEqual({ dataBase64: base64("one") });
  expect(await other.refusal("fs/readFile", { threadId: "00000000-0000-7000-8000-000000000000", path: "/workspace/a.txt" })).toBe(
    "-32600 thread not found: 00000000-0000-7000-8000-000000000000",
  );
});

function filesOf(client: Client, threadId: string): (method: string, params: object) => Promise<Wire> {
  return (method, params) => client.request(`fs/${method}`, { threadId, ...params });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
