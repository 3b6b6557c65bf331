import { expect } from "vitest";
import { limits } from "#core/limits";
import { Client, type Wire } from "./client.ts";
import { story } from "./story.ts";

story("files and directories are found by letters of their paths", async ({ client, sleep }) => {
  await client.startThread();
  await client.writeFile("README.md", "");
  await client.writeFile("docs/reading/list.txt", "");
  await client.writeFile("other/spreading.txt", "");
  await sleep();
  const { files } = await client.request("fuzzyFileSearch", { query: "READ", roots: ["/workspace"] });
  expect(files).toEqual([
    {
      root: "/workspace",
      path: "README.md",
      match_type: "file",
      file_name: "README.md",
      score: expect.any(Number),
      indices: [0, 1, 2, 3],
    },
  ]);
  const below = await client.request("fuzzyFileSearch", { query: "read", roots: ["/workspace/docs"], cancellationToken: "t" });
  expect(below.files.map(({ path, match_type }: Wire) => [path, match_type])).toEqual([
    ["reading", "directory"],
    ["reading/list.txt", "file"],
  ]);
  expect(await client.request("fuzzyFileSearch", { query: "", roots: ["/workspace"] })).toEqual({ files: [] });
  expect(await client.request("fuzzyFileSearch", { query: "a", roots: ["/elsewhere"] })).toEqual({ files: [] });
  const long = { query: "a".repeat(limits.searchQueryCharactersMax + 1), roots: ["/workspace"] };
  expect(await client.refusal("fuzzyFileSearch", long)).toBe("-32600 a query holds at most 256 characters");
});

story("each root is asked of the workspace that holds it, and the best of all come first", async ({ client, sleep }) => {
  for (const name of ["one", "two"]) {
    const threadId = await client.startThread({ cwd: `/${name}` });
    const path = `/${name}/${name === "one" ? "deep/below/notes.txt" : "notes.txt"}`;
    await client.request("fs/writeFile", { path, dataBase64: "", threadId });
  }
  await sleep();
  const { files } = await client.request("fuzzyFileSearch", { query: "notes.txt", roots: ["/one", "/two"] });
  expect(files.map(({ root, path }: Wire) => `${root} ${path}`).sort()).toEqual(["/one deep/below/notes.txt", "/two notes.txt"]);
});

story("a search follows what is typed, in the files as they are, also after a sleep", async ({ client, sleep }) => {
  await client.startThread();
  await client.writeFile("alpha.txt", "");
  expect(await client.request("fuzzyFileSearch/sessionStart", { sessionId: "s", roots: ["/workspace"] })).toEqual({});
  await sleep();
  expect(await typed(client, "alp")).toEqual(["alpha.txt"]);
  await client.writeFile("alps.txt", "");
  await sleep();
  expect(await typed(client, "alps")).toEqual(["alps.txt"]);
  expect(await typed(client, "")).toEqual([]);
  expect(await client.request("fuzzyFileSearch/sessionStop", { sessionId: "s" })).toEqual({});
  await sleep();
  expect(await client.refusal("fuzzyFileSearch/sessionUpdate", { sessionId: "s", query: "a" })).toBe(
    "-32600 fuzzy file search session not found: s",
  );
  expect(await client.request("fuzzyFileSearch/sessionStop", { sessionId: "s" })).toEqual({});
});

story("of queries that came together the last is told, after all of them were answered", async ({ client }) => {
  await client.startThread();
  await client.writeFile("alpha.txt", "");
  await client.request("fuzzyFileSearch/sessionStart", { sessionId: "s", roots: ["/workspace"] });
  await Promise.all(
    ["a", "al", "alp"].map((query) => client.request("fuzzyFileSearch/sessionUpdate", { sessionId: "s", query })),
  );
  await client.until("fuzzyFileSearch/sessionCompleted");
  await client.untilQuiet();
  const told = client.frames.filter(({ method }) => method?.startsWith("fuzzyFileSearch/"));
  expect(told.map(({ method, params }) => [method, params.query])).toEqual([
    ["fuzzyFileSearch/sessionUpdated", "alp"],
    ["fuzzyFileSearch/sessionCompleted", undefined],
  ]);
});

story("searches are bounded, belong to one socket, and need a name", async ({ client, connect }) => {
  await client.startThread();
  const start = (params: Record<string, unknown>) =>
    client.refusal("fuzzyFileSearch/sessionStart", { roots: ["/workspace"], ...params });
  expect(await start({ sessionId: "" })).toBe("-32600 sessionId must not be empty");
  const names = Array.from({ length: limits.searchSessionsMax }, (_, index) => `s${index}`);
  for (const sessionId of names) await start({ sessionId });
  expect(await start({ sessionId: "one more" })).toMatch(/^-32600 this connection may have 8 searches of 16 roots/);
  expect(await start({ sessionId: "s0" }), "the same begins anew").toBe("no refusal: {}");
  expect(await start({ sessionId: "s0", roots: [`/${"x".repeat(limits.sessionStateBytesMax)}`] })).toBe(
    "-32600 this connection cannot remember more than it does",
  );
  const other = await connect();
  expect(await other.refusal("fuzzyFileSearch/sessionUpdate", { sessionId: "s0", query: "a" })).toBe(
    "-32600 fuzzy file search session not found: s0",
  );
  const stable = await Client.connect({ experimentalApi: false });
  expect(await stable.refusal("fuzzyFileSearch/sessionStart", { sessionId: "s", roots: [] })).toBe(
    "-32600 fuzzyFileSearch/sessionStart requires experimentalApi capability",
  );
  stable.close();
});

/** Types, and reads the paths that are told of it. */
async function typed(client: Client, query: string): Promise<string[]> {
  expect(await client.request("fuzzyFileSearch/sessionUpdate", { sessionId: "s", query })).toEqual({});
  const { params } = await client.until("fuzzyFileSearch/sessionUpdated");
  expect([params.sessionId, params.query]).toEqual(["s", query]);
  expect((await client.until("fuzzyFileSearch/sessionCompleted")).params).toEqual({ sessionId: "s" });
  return params.files.map(({ path }: Wire) => path);
}
