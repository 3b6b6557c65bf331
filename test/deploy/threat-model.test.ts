import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = dirname(dirname(import.meta.dirname));
const text = readFileSync(join(root, "docs/threat-model.md"), "utf8");
const rows = text.split("\n").filter((line) => /^\| (?!threat|---)/.test(line));

test.each(rows.map((row) => [row.split("|")[1]?.trim() ?? "", row]))("%s is guarded by tests that are there", (_, row) => {
  const guard = row.split(" | ").at(-1)?.replace(/ \|$/, "") ?? "";
  if (guard === "–") return;
  expectGuards(guard);
});

test("what docs/backup.md says of deletion is shown by tests that are there", () => {
  const backup = readFileSync(join(root, "docs/backup.md"), "utf8").split("\n");
  const shown = backup
    .filter((line) => line.includes("| `test/") && line.includes('"'))
    .map((line) => line.split("|")[3]?.trim() ?? "");
  expect(shown.length).toBeGreaterThan(4);
  for (const guard of shown) expectGuards(guard);
});

function expectGuards(guard: string): void {
  const named = guard.split(/; (?=`)/).flatMap((part) => {
    const [, file = "", titles = ""] = /^`(test\/[^`]+)` (.*)$/.exec(part) ?? [];
    return [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title }));
  });
  expect(named.length, "a row names a guard, or says that there is none").toBeGreaterThan(0);
  for (const { file, title } of named) {
    expect(existsSync(join(root, file)), `${file} is gone`).toBe(true);
    expect(titlesOf(file), `${file} has no test "${title}"`).toContain(title);
  }
}

test("whatever the model is about has a row", () => {
  for (const threat of [
    "Foreign account",
    "Stolen or leaked token",
    "CSRF",
    "Prompt injection to an approval",
    "Diff or hash swapped",
    "GitHub spoofed",
    "Memory poisoned",
    "SSRF",
    "XSS",
    "Resources exhausted",
    "Secrets in logs",
    "Supply chain",
    "Operator's error",
    "Rollback",
  ]) {
    expect(text, threat).toContain(`**${threat}`);
  }
});

test("every package is named by one version, and locked by its hash", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const loose = Object.entries<string>({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
  );
  expect(loose).toEqual([]);
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { integrity?: string; link?: boolean; inBundle?: boolean }>;
  };
  const unlocked = Object.entries(packages).filter(
    ([path, { integrity, link, inBundle }]) => path !== "" && !integrity && !link && !inBundle,
  );
  expect(unlocked.map(([path]) => path)).toEqual([]);
});

/** What stands where a test's title stands: the first argument, or the first of a row of `test.each`. */
function titlesOf(file: string): string[] {
  const source = readFileSync(join(root, file), "utf8");
  return [...source.matchAll(/(?:\b(?:test|story|memoryStory|it)(?:\.\w+)?\(|^\s+\[|\]\)\()\s*"((?:[^"\\]|\\.)*)"/gm)].map(
    ([, title = ""]) => title,
  );
}
