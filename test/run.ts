/**
 * `npm test` after lint and types: the tests on Node, then the stories inside workerd in parts, two at a time, each part a runner of its own
 * with one worker. That runner now and then stands still between two files or after the last, known as workers-sdk#15498, and never in a
 * test: each of those has its own time limit. Nobody should have to watch for that: a part in which nothing is printed for minutes is
 * ended, said so, and begun again, each of its files in a runner of its own, where there is nothing between two files.
 */
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The longest that a test file which is at work is silent, and then some. */
const silenceMsMax = 2 * 60_000;
const attemptsMax = 3;
const partsOfStories = 6;
const partsAtOnce = 2;

interface Part {
  name: string;
  project: "node" | "objects";
  files: string[];
}

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
/** What is said behind `npm test --`: options go to each runner, anything else names files. */
const options = process.argv.slice(2).filter((word) => word.startsWith("-"));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const counts = { passed: 0, failed: 0 };
await run({ name: "node", project: "node", files: wanted });
const waiting = partsOf(storyFiles());
await Promise.all(
  Array.from({ length: partsAtOnce }, async () => {
    for (let part = waiting.shift(); part; part = waiting.shift()) await run(part);
  }),
);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

/** The longest first: how long a file is says roughly how long it runs. */
function storyFiles(): string[] {
  const folder = "test/objects";
  return readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `${folder}/${name}`)
    .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
    .sort((a, b) => statSync(b).size - statSync(a).size);
}

/** Dealt out forth and back, so that no part has all the long ones. */
function partsOf(files: string[]): Part[] {
  const parts = Array.from({ length: partsOfStories }, (_, place): Part => {
    return { name: `objects ${place + 1}/${partsOfStories}`, project: "objects", files: [] };
  });
  for (const [place, file] of files.entries()) {
    const [round, seat] = [Math.floor(place / partsOfStories), place % partsOfStories];
    parts[round % 2 === 0 ? seat : partsOfStories - 1 - seat]?.files.push(file);
  }
  return parts.filter((part) => part.files.length > 0);
}

async function run(part: Part): Promise<void> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const { output, exitCode } = await runOnce(part);
    if (exitCode !== null) return add(output, exitCode);
    console.log(`${part.name} stood still for ${silenceMsMax / 60_000} minutes (attempt ${attempt} of ${attemptsMax})`);
    if (part.files.length > 1) {
      for (const file of part.files) await run({ name: file, project: part.project, files: [file] });
      return;
    }
  }
  counts.failed += 1;
}

function add(output: string, exitCode: number): void {
  const summary = output.split("\n").findLast((line) => /^ *Tests /.test(line)) ?? "";
  const count = (what: string) => Number(new RegExp(`(\\d+) ${what}`).exec(summary)?.[1] ?? 0);
  counts.passed += count("passed");
  // A file that could not be loaded counts no test, and is red all the same.
  counts.failed += exitCode === 0 ? 0 : Math.max(1, count("failed"));
}

/** `exitCode` is null when it stood still and was ended, with all that it had started. */
function runOnce({ project, files }: Part): Promise<{ output: string; exitCode: number | null }> {
  const oneWorker = project === "objects" ? ["--maxWorkers=1"] : [];
  const words = ["run", "--project", project, ...oneWorker, "--passWithNoTests", ...options, ...files];
  const child = spawn(process.execPath, [vitest, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that workerd ends with it.
    detached: true,
  });
  const pieces: string[] = [];
  return new Promise((resolve, reject) => {
    let stoodStill = false;
    const end = () => {
      stoodStill = true;
      process.kill(-(child.pid ?? 0), "SIGKILL");
    };
    let timer = setTimeout(end, silenceMsMax);
    const heard = (to: NodeJS.WriteStream) => (chunk: Buffer) => {
      clearTimeout(timer);
      timer = setTimeout(end, silenceMsMax);
      pieces.push(chunk.toString());
      to.write(chunk);
    };
    child.stdout.on("data", heard(process.stdout));
    child.stderr.on("data", heard(process.stderr));
    child.once("error", reject);
    const leave = () => process.exit(1);
    const endWithUs = () => child.exitCode === null && process.kill(-(child.pid ?? 0), "SIGKILL");
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, leave);
    process.once("exit", endWithUs);
    child.once("close", (exitCode) => {
      clearTimeout(timer);
      process.off("exit", endWithUs);
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, leave);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
      const output = pieces.join("").replaceAll(/\u001b\[[0-9;]*m/g, "");
      resolve({ output, exitCode: stoodStill ? null : (exitCode ?? 1) });
    });
  });
}
