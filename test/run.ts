/**
 * `npm test` after lint and types: the tests on Node, then the stories inside workerd in parts, two at a time, each part a runner of its own
 * with one worker. That runner now and then stands still between two files or after the last (seen about once in ten whole runs, never in
 * a test: each of those has its own time limit). Nobody should have to watch for that: a part in which nothing is printed for minutes is ended, said so, and begun again.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The longest that a test file which is at work is silent, and then some. */
const silenceMsMax = 2.5 * 60_000;
const attemptsMax = 3;
const parts = 6;
const partsAtOnce = 2;

interface Part {
  name: string;
  options: string[];
}

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const counts = { passed: 0, failed: 0 };
await run({ name: "node", options: ["--project", "node"] });
const stories = Array.from({ length: parts }, (_, place): Part => {
  const part = `${place + 1}/${parts}`;
  return { name: `objects ${part}`, options: ["--project", "objects", `--shard=${part}`, "--maxWorkers=1", "--passWithNoTests"] };
});
await Promise.all(
  Array.from({ length: partsAtOnce }, async () => {
    for (let part = stories.shift(); part; part = stories.shift()) await run(part);
  }),
);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

async function run(part: Part): Promise<void> {
  const { output, exitCode } = await untilOver(part);
  const summary = output.split("\n").findLast((line) => /^ *Tests /.test(line)) ?? "";
  const count = (what: string) => Number(new RegExp(`(\\d+) ${what}`).exec(summary)?.[1] ?? 0);
  counts.passed += count("passed");
  // A file that could not be loaded counts no test, and is red all the same.
  counts.failed += exitCode === 0 ? 0 : Math.max(1, count("failed"));
}

async function untilOver(part: Part): Promise<{ output: string; exitCode: number }> {
  for (let attempt = 1; ; attempt++) {
    const { output, exitCode } = await runOnce(part);
    if (exitCode !== null) return { output, exitCode };
    console.log(`${part.name} stood still for ${silenceMsMax / 60_000} minutes (attempt ${attempt} of ${attemptsMax})`);
    if (attempt === attemptsMax) return { output, exitCode: 1 };
  }
}

/** `exitCode` is null when it stood still and was ended, with all that it had started. */
function runOnce({ options }: Part): Promise<{ output: string; exitCode: number | null }> {
  const child = spawn(process.execPath, [vitest, "run", ...options, ...process.argv.slice(2)], {
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
