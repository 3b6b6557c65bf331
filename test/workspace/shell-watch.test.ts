import { Bash } from "just-bash/browser";
import { expect, test } from "vitest";
import { ShellWatch } from "#tools/shell-watch";
import { Overlay } from "#workspace/overlay";
import { createWorkspace } from "../support/workspace.ts";
import { forgotten, heardInPart, heardWhole } from "./shell-scripts.ts";

const cwd = "/workspace";

async function run(script: string, isWatched: boolean, signal?: AbortSignal) {
  const { workspace } = createWorkspace({
    "a.txt": "alpha\nbeta\n",
    "src/b.ts": "one\ntwo\n",
    "in.bin": Uint8Array.from([0, 255, 128, 65, 10, 195, 169]),
  });
  const overlay = new Overlay({ workspace, cwd, now: () => 1_795_000_000_000 });
  const bash = new Bash({
    fs: overlay,
    cwd,
    env: { HOME: "/home/user", USER: "agent" },
    executionLimits: { maxCommandCount: 2_000, maxLoopIterations: 1_000, maxStringLength: 100_000, maxOutputSize: 100_000 },
    defenseInDepth: false,
  });
  const pieces: string[] = [];
  const watch = new ShellWatch({ outputBytesMax: 50_000, readable: (stderr) => stderr, onOutput: (text) => pieces.push(text) });
  if (isWatched) watch.attach(bash, script);
  const ran = await bash.exec(script, { rawScript: true, signal }).then(
    ({ metadata: _, ...result }) => result,
    (error: Error) => ({ stdout: "", stderr: "", thrown: error.message }),
  );
  let changes: unknown;
  try {
    changes = overlay.changes();
  } catch (error) {
    changes = String(error);
  }
  return { ran: { ...ran, changes }, watch, pieces };
}

/** What `time` says is the machine's. */
function timeless<Ran extends { stderr: string }>(ran: Ran): Ran {
  return { ...ran, stderr: ran.stderr.replace(/^(real|user|sys) [\d.]+$/gm, "$1") };
}

test.for(heardWhole)("heard whole, and no different for it: %s", async (script) => {
  const plain = await run(script, false);
  const { ran, watch, pieces } = await run(script, true);
  expect(timeless(ran)).toEqual(timeless(plain.ran));
  expect(pieces.join("")).toBe(watch.text);
  expect({ stdout: watch.stdout, stderr: watch.stderr }).toEqual({ stdout: ran.stdout, stderr: ran.stderr });
});

test.for(heardInPart)("heard in part, and no different for it: %s", async (script) => {
  const plain = await run(script, false);
  const { ran, watch, pieces } = await run(script, true);
  expect(ran).toEqual(plain.ran);
  expect(pieces.join("")).toBe(watch.text);
  expect(ran.stdout.slice(0, watch.stdout.length)).toBe(watch.stdout);
  expect(ran.stderr.slice(0, watch.stderr.length)).toBe(watch.stderr);
  expect(watch.stdout.length + watch.stderr.length).toBeLessThan(ran.stdout.length + ran.stderr.length);
});

test.for(forgotten)("heard, though the interpreter forgets it, and no different for it: %s", async (script) => {
  const plain = await run(script, false);
  const { ran, watch } = await run(script, true);
  expect(ran).toEqual(plain.ran);
  expect(watch.stdout).toContain("said\n");
  expect(ran.stdout).not.toContain("said\n");
});

test.for<[string, string]>([
  ["echo a; sleep 60; echo never", "a\n"],
  ["for i in 1 2 3; do echo $i; [ $i = 2 ] && sleep 60; done; echo never", "1\n2\n"],
  ["echo a; f() { echo b; sleep 60; }; f; echo never", "a\n"],
  ["while read x; do echo $x; sleep 60; done < src/b.ts", "one\n"],
  ["echo x > new.txt; seq 3 | while read x; do echo $x; sleep 60; done", ""],
])("ended in the middle, and no different for it: %s", async ([script, heard]) => {
  const ended = () => AbortSignal.timeout(50);
  const plain = await run(script, false, ended());
  const { ran, watch } = await run(script, true, ended());
  expect(ran).toEqual(plain.ran);
  expect(watch.text).toBe(heard);
});
