/** A repository of which a workspace holds only a part: what is not there is fetched when it is read, and shows in no diff. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { githubApiLimits } from "#core/limits";
import type { ModelItem } from "#core/private";
import { type SnapshotBounds, snapshotBounds } from "#github/snapshot";
import { enterRepository } from "#thread/repository-entry";
import { blobHash } from "#workspace/blob";
import { fileMode } from "#workspace/change";
import { createRandom, type Random } from "../support/random.ts";
import { createThread, type TestFrame, type TestThread } from "../support/thread.ts";
import { functionCall, scriptedModel } from "./scripted-model.ts";

type Files = Map<string, { mode: number; bytes: Uint8Array }>;

const shell = (command: string) => functionCall("shell", { command: ["bash", "-lc", command] });
const text = (content: string) => new TextEncoder().encode(content);
const plain = (content: string) => ({ mode: fileMode.plain, bytes: text(content) });
const nothingCopied: SnapshotBounds = { ...snapshotBounds, filesMax: 0 };

/** GitHub as a thread knows it; `asked` has every page of ids that it was asked for. */
function repositoryOf(files: Files) {
  const asked: string[][] = [];
  const byOid = new Map([...files.values()].map(({ bytes }) => [blobHash(bytes), bytes]));
  return {
    asked,
    readTree: async (commitOid: string) => ({
      commitOid,
      treeOid: "",
      files: Array.from(files, ([path, { mode, bytes }]) => ({ path, mode, oid: blobHash(bytes), size: bytes.length })),
      submodules: [],
      isTruncated: false,
    }),
    readBlobs: async (oids: string[]) => {
      asked.push(oids);
      await new Promise((resolve) => setImmediate(resolve));
      const blobs = oids.map((oid) => ({ oid, bytes: byOid.get(oid) as Uint8Array }));
      return { blobs: blobs.slice(0, 7), rest: oids.slice(7) };
    },
  };
}

type TestRepository = ReturnType<typeof repositoryOf>;

const shown = {
  name: "acme/widgets#1: A title",
  gitInfo: { sha: "c", branch: "b", originUrl: "https://github.com/acme/widgets" },
};

/** A thread that is asked these calls in one turn, in the repository at this commit. */
async function begin(
  repository: TestRepository,
  calls: ModelItem[],
  bounds: SnapshotBounds,
  options: Partial<Parameters<typeof createThread>[0]> = {},
): Promise<TestThread> {
  const model = scriptedModel(...calls.map((call) => ({ calls: [call] })), { text: "done" });
  const thread = await createThread({ model, readRepository: repository.readBlobs, now: () => 1_795_000_000_000, ...options });
  await enterRepository(
    thread.runtime,
    repository,
    { repositoryId: 1, commitOid: "c", guidesOid: "c", key: "k", ...shown },
    bounds,
  );
  repository.asked.length = 0;
  return thread;
}

/** What the model was told of its calls, as text. */
function toldOf(thread: TestThread): string[] {
  return Array.from(thread.runtime.log.liveFrames(0))
    .flatMap(({ private: hidden }) => hidden?.modelItems ?? [])
    .filter(({ type }) => String(type).endsWith("_output"))
    .map(({ output }) => (typeof output === "string" ? output : JSON.stringify(output)));
}

function diffOf(frames: TestFrame[]): string {
  return frames.findLast(({ method }) => method === "turn/diff/updated")?.params.diff ?? "";
}

/** `mode path` and git's id of every file. */
function treeOf({ runtime }: TestThread): string[] {
  return runtime.workspace.files().map(({ path, mode, hash }) => `${mode.toString(8)} ${hash} ${path}`);
}

/** What git makes of the files and the diff. */
function treeByGit(files: Files, diff: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "spindle-git-"));
  try {
    const git = (args: string[], input = "") => execFileSync("git", args, { cwd: folder, input, encoding: "utf8" });
    git(["init", "-q"]);
    for (const [path, { mode, bytes }] of files) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      if (mode === fileMode.symlink) symlinkSync(Buffer.from(bytes), join(folder, path));
      else {
        writeFileSync(join(folder, path), bytes);
        chmodSync(join(folder, path), mode & 0o777);
      }
    }
    git(["add", "-A", "-f"]);
    if (diff !== "") git(["apply", "--index", "--whitespace=nowarn", "-"], diff);
    const listed = git(["ls-files", "-s", "-z"]).split("\0").filter(Boolean);
    return listed.map((line) => line.replace(/^(\d+) (\S+) \d\t/, "$1 $2 "));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const words = ["alpha", "beta", "gamma", "delta", "one two", "ünï", "x = 1;"];

function randomFiles(random: Random): Files {
  const files: Files = new Map([["AGENTS.md", plain("Be brief.\n")]]);
  for (let index = 0; index < 40; index++) {
    const path = `${random.pick(["", "src/", "src/deep/", "docs/", "lib/a/b/"])}f${random.below(60)}.txt`;
    const lines = Array.from({ length: 1 + random.below(30) }, () => random.pick(words));
    const isBinary = random.chance(0.1);
    const bytes = isBinary ? Uint8Array.from({ length: 200 }, () => random.below(256)) : text(`${lines.join("\n")}\n`);
    files.set(path, { mode: random.chance(0.2) ? fileMode.executable : fileMode.plain, bytes });
  }
  files.set("link", { mode: fileMode.symlink, bytes: text(random.pick([...files.keys()])) });
  return files;
}

function randomCall(random: Random, paths: string[]): ModelItem {
  const [one, other] = [random.pick(paths), random.pick(paths)];
  const operation = random.pick([
    { type: "delete_file", path: one },
    { type: "create_file", path: one, diff: "+written anew\n" },
    { type: "update_file", path: one, diff: "@@\n-alpha\n+ALPHA\n" },
    { type: "update_file", path: one, diff: "@@\n-beta\n+BETA\n", move_to: `moved/${random.below(9)}.txt` },
  ]);
  if (random.chance(0.3)) return patch(operation);
  const command = random.pick([
    `cat ${one}`,
    `rm ${one}`,
    `mv ${one} ${other}`,
    `cp ${one} copy-${random.below(5)}.txt`,
    `sed -i s/alpha/omega/ ${one} ${other}`,
    `echo more >> ${one}`,
    `echo new > ${one}`,
    `chmod +x ${one}`,
    `rm -r docs; ls`,
    `mv src/deep elsewhere; find . -name '*.txt' | wc -l`,
    `head -c 9 ${one} > made/${random.below(5)}; wc -c ${other}`,
    `grep -rl beta src | head -3`,
    `for f in lib/a/b/*; do cat $f >> joined.txt; done`,
    `echo through > link; ls -l`,
  ]);
  return shell(command);
}

let patches = 0;

function patch(operation: object): ModelItem {
  patches += 1;
  return { type: "apply_patch_call", id: `apc_${patches}`, call_id: `patch_${patches}`, operation };
}

test.for(Array.from({ length: 16 }, (_, index) => index + 1))(
  "seed %i: a part of a repository is changed as the whole is, and the diff is the one that git applies to the whole",
  async (seed) => {
    const random = createRandom(seed);
    const files = randomFiles(random);
    const calls = Array.from({ length: 6 }, () => randomCall(random, [...files.keys(), "absent.txt"]));
    const bounds = { ...snapshotBounds, filesMax: 2 + random.below(files.size) };
    const part = await begin(repositoryOf(files), calls, bounds);
    const whole = await begin(repositoryOf(files), calls, snapshotBounds);
    const [frames, others] = [await part.turn("Work."), await whole.turn("Work.")];
    expect(diffOf(frames)).toBe(diffOf(others));
    expect(toldOf(part)).toEqual(toldOf(whole));
    expect(treeOf(part)).toEqual(treeOf(whole));
    expect(treeOf(part)).toEqual(treeByGit(files, diffOf(frames)));
  },
);

const some: Files = new Map([
  ["a.txt", plain("alpha\n")],
  ["src/b.txt", plain("beta\n")],
  ["src/c.txt", plain("gamma\n")],
]);

test("what is not read is listed, found by its name and as long as it is; reading it is in no diff and no log", async () => {
  const repository = repositoryOf(some);
  const looks = shell("ls src; find . -name 'b*'; stat -c '%s %n' src/b.txt; [ -s a.txt ] && echo there");
  const thread = await begin(repository, [looks, shell("cat src/b.txt")], nothingCopied);
  const { runtime, service } = thread;
  expect(
    await service.request({ method: "fuzzyFileSearch", params: { query: "btxt", roots: ["/workspace"] } } as never, "test"),
  ).toMatchObject({
    resultText: expect.stringContaining("src/b.txt"),
  });
  const frames = await thread.turn("Look.");
  expect(toldOf(thread)[0]).toContain("b.txt\nc.txt\n./src/b.txt\n5 src/b.txt\nthere");
  expect(toldOf(thread)[1]).toContain("beta");
  expect(repository.asked).toEqual([[blobHash(text("beta\n"))]]);
  expect(diffOf(frames)).toBe("");
  expect(runtime.workspace.changes()).toEqual([]);
  expect(frames.flatMap(({ params }) => (params.item?.type === "fileChange" ? [params.item] : []))).toEqual([]);
});

test("a person's client reads it too, and again without asking anybody", async () => {
  const repository = repositoryOf(some);
  const { service } = await begin(repository, [], nothingCopied);
  const read = (path: string) => service.request({ method: "fs/readFile", params: { path } } as never, "test");
  const answer = { resultText: JSON.stringify({ dataBase64: btoa("gamma\n") }) };
  expect(await Promise.all([read("/workspace/src/c.txt"), read("/workspace/src/c.txt")])).toMatchObject([answer, answer]);
  expect(await read("/workspace/src/c.txt")).toMatchObject(answer);
  expect(repository.asked).toHaveLength(1);
});

test("what is removed or replaced unread is shown with what was there", async () => {
  const repository = repositoryOf(some);
  const calls = [shell("rm a.txt; echo new > src/b.txt"), patch({ type: "create_file", path: "src/c.txt", diff: "+new\n" })];
  const thread = await begin(repository, calls, nothingCopied);
  const diff = diffOf(await thread.turn("Change it."));
  for (const line of ["-alpha", "-beta", "-gamma", "deleted file mode 100644"]) expect(diff).toContain(line);
  expect(diff).not.toContain("new file mode");
});

test("a person moves and copies what nobody has read, and goes back before that", async () => {
  const repository = repositoryOf(some);
  const thread = await begin(repository, [], nothingCopied);
  const ask = (method: string, params: object) =>
    thread.service.request({ method, params: { threadId: thread.runtime.host.threadId, ...params } } as never, "test");
  expect(
    await ask("thread/shellCommand", { command: "mv a.txt moved.txt; cp src/b.txt copy.txt; chmod +x src/c.txt" }),
  ).not.toHaveProperty("refused");
  const ended = await thread.until("turn/completed");
  const moved: Files = new Map<string, { mode: number; bytes: Uint8Array }>([
    ["copy.txt", plain("beta\n")],
    ["moved.txt", plain("alpha\n")],
    ["src/b.txt", plain("beta\n")],
    ["src/c.txt", { mode: fileMode.executable, bytes: text("gamma\n") }],
  ]);
  expect(treeOf(thread)).toEqual(treeByGit(moved, ""));
  expect(repository.asked).toEqual([]);
  expect(await ask("thread/revert", { beforeTurnId: ended.params.turn.id })).not.toHaveProperty("refused");
  expect(treeOf(thread)).toEqual(treeByGit(some, ""));
  expect(repository.asked).toEqual([]);
});

const many: Files = new Map(
  Array.from({ length: 1_050 }, (_, index) => [`d${Math.floor(index / 50)}/f${index}.txt`, plain(`file ${index}\n`)]),
);

test("one command reads so many and no more, says what it did not search, and changes nothing by half a search", async () => {
  const repository = repositoryOf(many);
  const calls = [shell("grep -rl file . | wc -l"), shell("grep -rl 'file 4' d9 d10 | xargs sed -i s/file/FILE/")];
  const thread = await begin(repository, calls, nothingCopied);
  const diff = diffOf(await thread.turn("Search."));
  const [searched = "", changed = ""] = toldOf(thread);
  const { readsPerCommandMax } = githubApiLimits;
  expect(searched).toContain(
    `${many.size - readsPerCommandMax} files were not read or searched, whatever the command says of them (one command reads at most`,
  );
  expect(changed).toContain("nothing was kept:");
  expect(diff).toBe("");
  expect(new Set(repository.asked.flat()).size).toBeLessThanOrEqual(2 * readsPerCommandMax);
});

test("one turn reads so many and no more, across a restart too, and the next one reads on", async () => {
  const repository = repositoryOf(many);
  const calls = Array.from({ length: 21 }, (_, index) => shell(`cat d${index}/*`));
  const thread = await begin(repository, calls, nothingCopied);
  await thread.turn("Read.");
  expect(new Set(repository.asked.flat()).size).toBe(githubApiLimits.readsPerTurnMax);
  expect(toldOf(thread).at(-1)).toContain("a turn reads at most 1000 files");
  thread.restart();
  const read = await thread.service.request(
    { method: "fs/readFile", params: { path: "/workspace/d20/f1049.txt" } } as never,
    "test",
  );
  expect(read).toMatchObject({ resultText: JSON.stringify({ dataBase64: btoa("file 1049\n") }) });
});

for (const moment of ["before", "after"] as const) {
  test(`a death ${moment} the commit of what was fetched changes nothing`, async () => {
    const repository = repositoryOf(some);
    let isArmed = false;
    const readRepository = async (oids: string[]) => {
      const page = await repository.readBlobs(oids);
      isArmed = repository.asked.length <= 2;
      return page;
    };
    const diesAtCommit = (now: string) => {
      const dies = isArmed && now === moment;
      if (dies) isArmed = false;
      return dies;
    };
    const calls = [shell("cat src/b.txt"), patch({ type: "update_file", path: "src/c.txt", diff: "@@\n-gamma\n+GAMMA\n" })];
    const thread = await begin(repository, calls, nothingCopied, { readRepository, diesAtCommit });
    const frames = await thread.turn("Change it.");
    expect(toldOf(thread)[0]).toContain("beta");
    expect(frames.at(-1)?.params.turn.status).toBe("completed");
    expect(treeOf(thread)).toEqual(treeByGit(some, diffOf(frames)));
    expect(diffOf(frames)).toContain("+GAMMA");
    expect(repository.asked.length).toBe(moment === "before" ? 4 : 2);
  });
}

test("what the repository does not give is said, and nothing goes by it", async () => {
  const repository = repositoryOf(some);
  const calls = [
    shell("cat a.txt || echo without > made.txt"),
    patch({ type: "update_file", path: "a.txt", diff: "@@\n-alpha\n+ALPHA\n" }),
    shell("rm a.txt"),
  ];
  const readRepository = () => Promise.reject(new Error("GitHub is away"));
  const thread = await begin(repository, calls, nothingCopied, { readRepository });
  const diff = diffOf(await thread.turn("Change it."));
  for (const told of toldOf(thread)) expect(told).toContain("the repository could not be read; it may be later");
  expect(toldOf(thread)).toHaveLength(3);
  expect(diff).toBe("");
  expect(treeOf(thread)).toEqual(treeByGit(some, ""));
  const read = await thread.service.request({ method: "fs/readFile", params: { path: "/workspace/a.txt" } } as never, "test");
  expect(read).toMatchObject({ refused: { message: expect.stringContaining("could not be read") } });
});

test("a content that is another than was asked for is none", async () => {
  const repository = repositoryOf(some);
  const readRepository = async (oids: string[]) => ({ blobs: oids.map((oid) => ({ oid, bytes: text("evil\n") })), rest: [] });
  const thread = await begin(repository, [shell("cat a.txt")], nothingCopied, { readRepository });
  await thread.turn("Read.");
  expect(toldOf(thread)[0]).toContain("could not be read");
  expect(toldOf(thread)[0]).not.toContain("evil");
});

test("a turn that is interrupted while a content comes ends once, and nothing of it follows", async () => {
  const repository = repositoryOf(some);
  let thread: TestThread | null = null;
  const readRepository = async (oids: string[]) => {
    thread?.runtime.interrupt();
    return repository.readBlobs(oids);
  };
  const calls = [patch({ type: "update_file", path: "a.txt", diff: "@@\n-alpha\n+ALPHA\n" })];
  thread = await begin(repository, calls, nothingCopied, { readRepository });
  const frames = await thread.turn("Change it.");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(frames.at(-1)).toMatchObject({ method: "turn/completed", params: { turn: { status: "interrupted" } } });
  expect(thread.frames().filter(({ method }) => method === "turn/completed")).toHaveLength(1);
  expect(thread.frames().at(-1)?.seq).toBe(frames.at(-1)?.seq);
});

test("a large repository enters in steps, each a row of the log that a fork can be made from, and the next commit by its difference", async () => {
  const files: Files = new Map(
    Array.from({ length: 5_000 }, (_, index) => [`d${index % 70}/f${index}.txt`, plain(`${index}\n`)]),
  );
  const thread = await begin(repositoryOf(files), [], { ...snapshotBounds, filesMax: 10 });
  expect(treeOf(thread)).toHaveLength(5_000);
  await thread.turn("Nothing.");
  const written = () =>
    Array.from(thread.runtime.log.liveFrames(0)).flatMap(({ private: hidden }) =>
      hidden?.event?.type === "filesWritten" ? [hidden.event.changes.length] : [],
    );
  expect(written()).toEqual([2_000, 2_000, 1_000]);
  const next: Files = new Map([...files].slice(100));
  next.set("d3", plain("a file in the place of a folder\n"));
  for (const path of [...next.keys()]) if (path.startsWith("d3/")) next.delete(path);
  await enterRepository(
    thread.runtime,
    repositoryOf(next),
    { repositoryId: 1, commitOid: "d", guidesOid: "d", key: "next", ...shown },
    { ...snapshotBounds, filesMax: 10 },
  );
  expect(treeOf(thread)).toEqual(
    Array.from(next, ([path, { mode, bytes }]) => `${mode.toString(8)} ${blobHash(bytes)} ${path}`).toSorted((one, other) =>
      one.slice(48) < other.slice(48) ? -1 : 1,
    ),
  );
});
