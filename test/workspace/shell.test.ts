import { expect, test } from "vitest";
import { runShell, type ShellResult, type ShellRun } from "#tools/shell";
import type { FileChange } from "#workspace/change";
import { land, propose } from "#workspace/proposal";
import type { Workspace } from "#workspace/store";
import { bytesOf, createWorkspace, textAt, treeOf } from "../support/workspace.ts";

const cwd = "/workspace";

function run(workspace: Workspace, command: string, options: Partial<ShellRun> = {}): Promise<ShellResult> {
  const signal = new AbortController().signal;
  return runShell({ workspace, cwd, command, signal, timeoutMs: 10_000, outputBytesMax: 10_000, now: Date.now, ...options });
}

/** `path: old mode → new mode` of every change. */
function summaryOf(changes: FileChange[]): string[] {
  const side = (version: FileChange["after"]) => version?.mode.toString(8) ?? "none";
  return changes.map((change) => `${change.path}: ${side(change.before)} → ${side(change.after)}`);
}

test("a command sees the workspace, a home, and a place for temporary files", async () => {
  const { workspace } = createWorkspace({ "a.txt": "alpha\n", "src/b.txt": "beta\n" });
  const result = await run(
    workspace,
    "pwd; echo $HOME $USER $PWD; cat a.txt src/*; echo x > /tmp/t && cat /tmp/t; echo oops >&2; exit 3",
  );
  expect(result).toEqual({
    output: "/workspace\n/home/user agent /workspace\nalpha\nbeta\nx\noops\n",
    stdout: "/workspace\n/home/user agent /workspace\nalpha\nbeta\nx\n",
    stderr: "oops\n",
    unheard: { stdout: "", stderr: "" },
    exitCode: 3,
    durationMs: expect.any(Number),
    timedOut: false,
    aborted: false,
    truncated: false,
    changes: [],
    notes: [],
  });
});

test("a loop over twenty files makes twenty changes, and touches nothing until they land", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `file-${String(index).padStart(2, "0")}.txt`);
  const { workspace, transactionSync } = createWorkspace(Object.fromEntries(names.map((name) => [name, `old ${name}\n`])));
  const before = treeOf(workspace);
  const { changes, exitCode } = await run(workspace, "for f in *.txt; do sed -i 's/old/new/' $f; done");
  expect(exitCode).toBe(0);
  expect(changes.map((change) => change.path)).toEqual(names);
  expect(treeOf(workspace)).toEqual(before);
  const proposal = propose(workspace, changes, cwd);
  expect(proposal.wire[0]).toEqual({
    path: "/workspace/file-00.txt",
    kind: { type: "update", move_path: null },
    diff: "@@ -1 +1 @@\n-old file-00.txt\n+new file-00.txt\n",
  });
  transactionSync(() => land(workspace, proposal.changes));
  expect(textAt(workspace, "file-07.txt")).toBe("new file-07.txt\n");
});

test.for<[string, string, string[]]>([
  ["rm", "rm a.txt", ["a.txt: 100644 → none"]],
  ["rm -r", "rm -r src", ["src/b.ts: 100644 → none", "src/run.sh: 100755 → none"]],
  ["mv over an existing file", "mv src/b.ts a.txt", ["a.txt: 100644 → 100644", "src/b.ts: 100644 → none"]],
  ["mv of an executable over another file", "mv src/run.sh a.txt", ["a.txt: 100644 → 100755", "src/run.sh: 100755 → none"]],
  [
    "mv of a directory",
    "mv src lib",
    ["lib/b.ts: none → 100644", "lib/run.sh: none → 100755", "src/b.ts: 100644 → none", "src/run.sh: 100755 → none"],
  ],
  ["mv into a directory", "mv a.txt src/", ["a.txt: 100644 → none", "src/a.txt: none → 100644"]],
  ["cp keeps the executable bit", "cp src/run.sh again.sh", ["again.sh: none → 100755"]],
  ["cp -r keeps symlinks", "cp -r links copies", ["copies/l: none → 120000"]],
  ["chmod +x", "chmod +x a.txt", ["a.txt: 100644 → 100755"]],
  ["chmod -x", "chmod 644 src/run.sh", ["src/run.sh: 100755 → 100644"]],
  ["writing keeps the executable bit", "echo new > src/run.sh; sed -i s/new/newer/ src/run.sh", ["src/run.sh: 100755 → 100755"]],
  ["ln -s", "ln -s a.txt l", ["l: none → 120000"]],
  ["writing through a symlink changes its target", "echo more >> links/l", ["a.txt: 100644 → 100644"]],
  ["a file in place of a symlink", "rm links/l; echo x > links/l", ["links/l: 120000 → 100644"]],
  [
    "a directory in place of a file",
    "rm a.txt; mkdir a.txt; echo x > a.txt/x",
    ["a.txt: 100644 → none", "a.txt/x: none → 100644"],
  ],
  ["rewriting the same changes nothing", "cat a.txt > t; mv t a.txt; touch a.txt; chmod 644 a.txt; echo x > y; rm y", []],
  ["moving away and back changes nothing", "mv src gone && mv gone src", []],
  ["outside of the workspace vanishes", "echo x > /tmp/x; cp -r . /home/user/copy; cd /home/user/copy; rm a.txt", []],
  [
    "everything",
    "cd / && rm -rf /workspace",
    ["a.txt: 100644 → none", "links/l: 120000 → none", "src/b.ts: 100644 → none", "src/run.sh: 100755 → none"],
  ],
])("%s", async ([, command, expected]) => {
  const { workspace, transactionSync } = createWorkspace({ "a.txt": "alpha\n", "src/b.ts": "beta\n" });
  workspace.write("src/run.sh", bytesOf("echo run\n"), 0o100755);
  workspace.write("links/l", bytesOf("../a.txt"), 0o120000);
  const before = treeOf(workspace);
  const result = await run(workspace, command);
  expect({ stderr: result.stderr, exitCode: result.exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(summaryOf(result.changes)).toEqual(expected);
  // Declined: as if nothing had been.
  expect(treeOf(workspace)).toEqual(before);
  transactionSync(() => land(workspace, propose(workspace, result.changes, cwd).changes));
});

test("binary content comes through exact, written, copied and appended", async () => {
  const bytes = Uint8Array.from({ length: 512 }, (_, index) => (index * 7) & 255);
  const { workspace, transactionSync } = createWorkspace({ "in.bin": bytes });
  const base64 = Buffer.from(bytes).toString("base64");
  const { changes } = await run(
    workspace,
    `echo ${base64} | base64 -d > decoded; cat in.bin > copied; cat in.bin in.bin | tail -c 512 > tail; cat in.bin >> copied; printf 'a\\0b\\001' > nul`,
  );
  transactionSync(() => land(workspace, changes));
  expect(Buffer.from(workspace.read("decoded"))).toEqual(Buffer.from(bytes));
  expect(Buffer.from(workspace.read("tail"))).toEqual(Buffer.from(bytes));
  expect(Buffer.from(workspace.read("copied"))).toEqual(Buffer.concat([bytes, bytes]));
  expect([...workspace.read("nul")]).toEqual([97, 0, 98, 1]);
});

test("text beyond Latin-1 that comes late in a long text is not cut to bytes", async () => {
  const { workspace, transactionSync } = createWorkspace();
  const { changes } = await run(
    workspace,
    'for i in $(seq 1 3000); do echo "line $i"; done > a; { cat a; echo 日本 ü; } > b; x=$(cat a); echo "$x 日本" > c',
  );
  transactionSync(() => land(workspace, changes));
  expect(textAt(workspace, "b").slice(-10)).toBe("3000\n日本 ü\n");
  expect(textAt(workspace, "c").slice(-8)).toBe("3000 日本\n");
});

test("bytes that printf cannot write are told of", async () => {
  const { workspace } = createWorkspace();
  const { notes } = await run(workspace, "printf '\\xff' > a");
  expect(notes).toEqual(["printf and echo cannot write bytes that are no UTF-8: binary content has to come through base64 -d"]);
});

test("lines keep their indentation in here-documents and quotes", async () => {
  const { workspace } = createWorkspace();
  const { stdout } = await run(workspace, "cat <<'END'\n  two\n\ttab\nEND\necho 'a\n    b'\n");
  expect(stdout).toBe("  two\n\ttab\na\n    b\n");
});

test("empty directories and paths that git refuses are not kept, and the notes say so", async () => {
  const { workspace } = createWorkspace({ "a/b": "b" });
  workspace.createDirectory("kept");
  const { changes, notes } = await run(workspace, "mkdir -p x/y; rm a/b; mkdir .git; echo evil > .git/config; ls kept");
  expect(summaryOf(changes)).toEqual(["a/b: 100644 → none"]);
  expect(notes).toEqual([
    "Empty directories are not kept, as in git: a, x/y",
    "These paths cannot be in a workspace and are not kept: .git/config",
  ]);
});

test("a command that takes too long is ended, and nothing of it is kept", async () => {
  const { workspace } = createWorkspace({ "a.txt": "alpha\n" });
  for (const command of ["rm a.txt; sleep 30", "while true; do echo x >> b; done"]) {
    const result = await run(workspace, command, { timeoutMs: 200 });
    expect(result).toMatchObject({ exitCode: 124, timedOut: true, aborted: false, changes: [] });
    expect(result.stderr).toBe("bash: ended after 200 ms; nothing was kept\n");
    expect(result.durationMs).toBeLessThan(2_000);
  }
  expect(treeOf(workspace)).toEqual({ "a.txt": "100644 alpha\n" });
});

test("what a command says is told before it ends, in the order in which it was said, and stays when it is ended", async () => {
  const { workspace } = createWorkspace();
  const pieces: string[] = [];
  const heard = Promise.withResolvers<string>();
  const controller = new AbortController();
  const running = run(workspace, "for i in 1 2; do echo out $i; echo err $i >&2; done; sleep 60; echo never", {
    signal: controller.signal,
    onOutput: (text) => {
      pieces.push(text);
      if (pieces.length === 4) heard.resolve(pieces.join(""));
    },
  });
  expect(await heard.promise).toBe("out 1\nerr 1\nout 2\nerr 2\n");
  controller.abort();
  const note = "bash: interrupted; nothing was kept\n";
  expect(await running).toMatchObject({
    output: `out 1\nerr 1\nout 2\nerr 2\n${note}`,
    stdout: "out 1\nout 2\n",
    stderr: `err 1\nerr 2\n${note}`,
    exitCode: 130,
  });
});

test("output that the interpreter forgets is told of", async () => {
  const { workspace } = createWorkspace();
  const result = await run(workspace, "while echo said; exit 3; do :; done");
  expect(result).toMatchObject({ output: "said\n", exitCode: 3 });
});

test("the command's own timeout is its own affair", async () => {
  const { workspace } = createWorkspace();
  const result = await run(workspace, "timeout 0.05 sleep 10; echo $?; echo kept > a");
  expect(result).toMatchObject({ stdout: "124\n", exitCode: 0, timedOut: false });
  expect(summaryOf(result.changes)).toEqual(["a: none → 100644"]);
});

test("an interrupt ends a command, before it begins as well as in the middle", async () => {
  const { workspace } = createWorkspace({ "a.txt": "alpha\n" });
  for (const delayMs of [0, 50]) {
    const controller = new AbortController();
    if (delayMs === 0) controller.abort();
    else setTimeout(() => controller.abort(), delayMs);
    const result = await run(workspace, "rm a.txt; while true; do echo x >> b; done", { signal: controller.signal });
    expect(result).toMatchObject({ exitCode: 130, timedOut: false, aborted: true, changes: [] });
  }
});

test("endless work ends at its bounds with an exit code and a message", async () => {
  const { workspace } = createWorkspace({ "a.txt": "alpha\n" });
  for (const command of ["rm a.txt; while true; do :; done", "x=aa; while true; do x=$x$x; done", "f() { f; }; f"]) {
    const result = await run(workspace, command);
    expect(result).toMatchObject({ exitCode: 126, timedOut: false, changes: [] });
    expect(result.stderr).toMatch(
      /^bash: .*(too many commands|limit exceeded|maximum recursion depth).*\nbash: nothing was kept\n$/,
    );
    expect(result.stderr).not.toContain("executionLimits");
  }
});

test("a write that outgrows the bound of a file leaves no half of it behind, whatever the command's exit code", async () => {
  const { workspace } = createWorkspace();
  const result = await run(workspace, "printf '%1000000s' x > a; for i in 1 2 3 4 5; do cat a a a a >> b; done; echo on");
  expect(result).toMatchObject({ stdout: "on\n", exitCode: 1, changes: [] });
  expect(result.stderr).toContain("bash: nothing was kept: EFBIG: file too large (16777216 bytes at most)\n");
});

test("long output loses its middle, and says how much", async () => {
  const { workspace } = createWorkspace();
  const chunks: string[] = [];
  const result = await run(workspace, 'for i in $(seq 1 2000); do echo "line $i é"; done', {
    outputBytesMax: 101,
    onOutput: (text) => chunks.push(text),
  });
  expect(result.truncated).toBe(true);
  expect(result.output).toMatch(/^line 1 é\n.*\n… \d+ bytes left out …\n.*line 2000 é\n$/s);
  expect(result.output).not.toContain("\ufffd");
  // What comes after this was left out, which nobody knew yet.
  expect(chunks).toEqual(["line 1 é\n", "line 2 é\n", "line 3 é\n", "line 4 é\n", "line 5 é\n"]);
});

test("there is no network, no Python, no JavaScript and no git, in a shell's own words", async () => {
  const { workspace } = createWorkspace();
  const result = await run(workspace, "curl http://example.com; python3 -c 1; js-exec 1; git status; tar c .");
  expect(result.stderr).toBe(
    ["curl", "python3", "js-exec", "git", "tar"].map((command) => `bash: ${command}: command not found\n`).join(""),
  );
});

test("nothing of one run is there in the next", async () => {
  const { workspace } = createWorkspace();
  await run(workspace, "export X=1; echo x > /tmp/x; echo y > y; cd /tmp; f() { echo hi; }");
  const { stdout, stderr } = await run(workspace, 'echo "[$X]" $PWD; ls /tmp; ls; f');
  expect(stdout).toBe("[] /workspace\n");
  expect(stderr).toBe("bash: f: command not found\n");
});

test("listing, searching by name and moving a large workspace reads no content", async () => {
  const { workspace } = createWorkspace(
    Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`d/${index}`, `${index}`])),
  );
  let reads = 0;
  const counted = new Proxy(workspace, {
    get(target, name) {
      if (name === "readBlob") reads += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const { changes } = await run(counted, "ls -l d > /tmp/x; find . -name '1*' > /dev/null; mv d e");
  expect(changes).toHaveLength(600);
  expect(reads).toBe(0);
});
