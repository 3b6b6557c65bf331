import { expect, test } from "vitest";
import { patchLines } from "#client/patch-lines";
import { shownCommand } from "#client/shell-command";
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import { parseArguments } from "../../web/terminal/arguments.ts";
import { createPaint, plain, Transcript } from "../../web/terminal/transcript.ts";
import { compacted, recordedLog } from "../client/recorded-log.ts";

function transcriptOf(frames: Frame[]): string {
  let text = "";
  const transcript = new Transcript((more) => {
    text += more;
  }, createPaint(false));
  for (const frame of frames) transcript.frame(frame);
  return text;
}

test("a thread reads the same whether its text was streamed, or was dropped while nobody listened", () => {
  const expected = `> tidy up

Look first.

$ ls
  a.txt
  b.txt

add /workspace/a.txt
diff --git a/a.txt b/a.txt
  accepted

Done, and tidy.
`;
  expect(transcriptOf(recordedLog)).toBe(expected);
  expect(transcriptOf(compacted(recordedLog))).toBe(expected);
});

test("whoever comes in the middle sees what there is, and then the rest", () => {
  for (let cut = 4; cut < recordedLog.length; cut += 1) {
    let text = "";
    const transcript = new Transcript((more) => {
      text += more;
    }, createPaint(false));
    const seen = recordedLog.slice(0, cut).reduce<Thread | null>(reduce, null);
    for (const item of seen?.turns[0]?.items ?? []) transcript.catchUp(item);
    for (const frame of recordedLog.slice(cut)) transcript.frame(frame);
    expect(text).toBe(transcriptOf(recordedLog));
  }
});

test("a command is shown without its shell, unless it is wrapped in any other way", () => {
  expect(shownCommand(`/bin/bash -lc 'ls -la && echo '\\''x'\\'''`)).toBe("ls -la && echo 'x'");
  expect(shownCommand("/bin/bash -lc 'ls' && rm -rf /")).toBe("/bin/bash -lc 'ls' && rm -rf /");
  expect(shownCommand("/bin/bash -lc ls")).toBe("ls");
  expect(shownCommand("ls -la")).toBe("ls -la");
});

test("a line of a hunk is what its first character says, whatever it looks like", () => {
  const patch = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n--- a/old\n+++ b/new\n same\ndiff --git a/b b/b\n";
  expect(patchLines(patch).map(({ kind }) => kind)).toEqual(["head", "head", "head", "hunk", "removed", "added", "same", "head"]);
});

test("long output is folded in the middle", () => {
  const output = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
  const frames = recordedLog.flatMap((frame): Frame[] => {
    if (frame.method !== "item/completed" || frame.params.item.type !== "commandExecution") return [];
    return [{ ...frame, params: { ...frame.params, item: { ...frame.params.item, aggregatedOutput: output } } }];
  });
  const lines = transcriptOf(frames).split("\n");
  expect(lines).toContain("  … 82 more lines …");
  expect(lines).toContain("  line 11");
  expect(lines).not.toContain("  line 12");
  expect(lines).toContain("  line 94");
});

test("what somebody says yes to cannot hide itself: controls and marks of direction become visible", () => {
  expect(plain("a\u001b[2K\rb\u0007\u009b1A\u202ec\u2066\n\td\u007f")).toBe("a␛[2K␍b␇<U+009B>1A<U+202E>c<U+2066>\n\td␡");
});

test("the command line is read, or refused with a reason", () => {
  const run = parseArguments(["--dir", ".", "--yes", "do it"], { SPINDLE_TOKEN: "t" });
  expect(run).toEqual({
    type: "run",
    command: { folder: ".", url: "ws://127.0.0.1:8787/", token: "t", resume: null, acceptsAll: true, prompt: "do it" },
  });
  expect(parseArguments(["--dir", ".", "--url", "https://x.test"], {})).toMatchObject({ command: { url: "wss://x.test/" } });
  expect(parseArguments(["hello"], {})).toEqual({ type: "wrong", reason: "Which folder? --dir is missing." });
  expect(parseArguments(["--dir", ".", "a", "b"], {})).toMatchObject({ type: "wrong" });
  expect(parseArguments(["--dir", ".", "--nope"], {})).toMatchObject({ type: "wrong" });
  expect(parseArguments(["--dir", ".", "--url", "ftp://x"], {})).toMatchObject({ type: "wrong" });
});
