/** The official suite against a server, its results held against what is expected of each scenario. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expectedFailures, extensions } from "./expected-failures.ts";

interface Check {
  id: string;
  status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  errorMessage?: string;
}

export interface Conformance {
  scenarios: number;
  passed: number;
  /** Checks that fail as they are expected to. */
  expected: number;
  problems: string[];
}

export async function runConformance(url: string, revision: keyof typeof expectedFailures): Promise<Conformance> {
  const folder = mkdtempSync(join(tmpdir(), "spindle-mcp-"));
  try {
    await runSuite(["server", "--url", url, "--requirements", revision, "-o", folder]);
    return judge(readResults(folder), expectedFailures[revision]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Its exit code says that something failed, which something always does: see the expected failures. */
async function runSuite(parameters: string[]): Promise<void> {
  const program = join(
    dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json")),
    "dist/index.js",
  );
  const child = spawn(process.execPath, [program, ...parameters], { stdio: "ignore" });
  await new Promise((resolve) => child.on("exit", resolve));
}

function readResults(folder: string): Map<string, Check[]> {
  const results = new Map<string, Check[]>();
  for (const entry of readdirSync(folder)) {
    const name = entry.replace(/^server-/, "").replace(/-\d{4}-\d{2}-\d{2}T.*$/, "");
    results.set(name, JSON.parse(readFileSync(join(folder, entry, "checks.json"), "utf8")));
  }
  return results;
}

function judge(results: Map<string, Check[]>, expected: Record<string, RegExp>): Conformance {
  const judged: Conformance = { scenarios: 0, passed: 0, expected: 0, problems: [] };
  for (const [scenario, checks] of results) {
    if (extensions.test(scenario)) continue;
    judged.scenarios += 1;
    judged.passed += checks.filter(({ status }) => status === "SUCCESS").length;
    const failed = checks.filter(({ status, errorMessage }) => status === "FAILURE" || (status === "WARNING" && errorMessage));
    const pattern = expected[scenario];
    if (pattern && failed.length === 0) judged.problems.push(`${scenario} passes now: take it off the list`);
    for (const { id, errorMessage = "" } of failed) {
      if (pattern?.test(errorMessage)) judged.expected += 1;
      else judged.problems.push(`${scenario} ${id}: ${errorMessage}`);
    }
  }
  for (const scenario of Object.keys(expected)) if (!results.has(scenario)) judged.problems.push(`${scenario} was not run`);
  return judged;
}
