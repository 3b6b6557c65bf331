/**
 * What watches a Spindle, judged by Prometheus itself: configuration, rules and their unit tests by promtool, every question of the
 * dashboards as a rule; then a real Prometheus scrapes a server that runs, and says how many turns there were. `npm run check:monitoring`; `-- --rules` is
 * the part without a server.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { dashboardExpressions } from "./monitoring/dashboards.ts";
import { findPrometheus, startPrometheus } from "./monitoring/prometheus.ts";
import { ProbeClient } from "./probe-client.ts";
import { pause } from "./process-group.ts";
import { projectRoot, startServer } from "./server.ts";

const monitoring = join(projectRoot, "monitoring");
/** The server may keep what it counts for some seconds, and Prometheus asks every second. */
const scrapeTimeoutMs = 90_000;
const turns = 3;

let passed = 0;
let failed = 0;

const { promtool } = findPrometheus();
await step("promtool takes the configuration and its rules", () => run("check", "config", join(monitoring, "prometheus.yml")));
await step("promtool takes what the dashboards ask", checkDashboards);
for (const name of readdirSync(join(monitoring, "tests"))) {
  await step(`promtool tests ${name}`, () => run("test", "rules", join(monitoring, "tests", name)));
}
if (!process.argv.includes("--rules"))
  await step(`a real Prometheus scrapes a server that ran ${turns} turns, and counts them`, scrape);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function step(title: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    passed += 1;
    console.log(`ok   ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${title}\n     ${error instanceof Error ? error.message : error}`);
  }
}

async function run(...parameters: string[]): Promise<void> {
  await promisify(execFile)(promtool, parameters).catch(({ stdout, stderr }) => {
    throw new Error(`${stdout}${stderr}`);
  });
}

/** Promtool knows no dashboards: each question becomes a rule, so that what it says of one names its place. */
async function checkDashboards(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spindle-dashboards-"));
  const rules = dashboardExpressions().map(({ place, expression }, index) => ({
    record: `dashboard:expression:${index}`,
    expr: expression,
    labels: { place },
  }));
  // JSON is YAML too.
  writeFileSync(join(folder, "rules.yml"), JSON.stringify({ groups: [{ name: "dashboards", rules }] }));
  try {
    await run("check", "rules", "--lint=none", join(folder, "rules.yml"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scrape(): Promise<void> {
  const token = "a token for metrics of at least 32 bytes".replaceAll(" ", "-");
  const server = await startServer({ env: { SPINDLE_METRICS_TOKEN: token } });
  const prometheus = await startPrometheus({ target: `127.0.0.1:${server.port}`, token, intervalSeconds: 1 });
  try {
    // One by one: a share is made of what grew between two scrapes.
    for (let turn = 1; turn <= turns; turn++) {
      await playTurn(server.wsUrl);
      await until(
        "the completed turns",
        async () => await prometheus.value('spindle_turns_completed_total{status="completed"}'),
        turn,
      );
    }
    await until("the target is up", async () => await prometheus.value('up{job="spindle"}'), 1);
    // The rules run there too, on what a real server tells.
    await until(
      "a share of turns that fail",
      async () => await prometheus.value("spindle:turns_failed:ratio_rate1h >= bool 0"),
      1,
    );
    const firing = await prometheus.value('count(ALERTS{alertstate="firing"})');
    if (firing !== null) throw new Error(`${firing} alerts fire at a server that is well`);
  } finally {
    await prometheus.close();
    await server.close();
  }
}

async function playTurn(wsUrl: string): Promise<void> {
  const completed = Promise.withResolvers<void>();
  const client = await ProbeClient.open(wsUrl, {
    onMessage: ({ method }) => method === "turn/completed" && completed.resolve(),
  });
  const { thread } = await client.request("thread/start", {});
  await client.request("turn/start", { threadId: thread.id, input: [{ type: "text", text: "say hello" }] });
  await completed.promise;
  await client.close();
}

async function until(what: string, look: () => Promise<number | null>, wanted: number): Promise<void> {
  let last: number | null = null;
  for (const deadlineMs = Date.now() + scrapeTimeoutMs; Date.now() < deadlineMs; await pause(500)) {
    last = await look();
    if (last === wanted) return;
  }
  throw new Error(`${what}: Prometheus says ${last ?? "nothing"}, and not ${wanted}`);
}
