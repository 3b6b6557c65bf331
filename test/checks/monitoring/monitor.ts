/**
 * `npm run monitor`: the real Prometheus beside the Spindle of this machine, which is started if it does not run.
 * `-- --target HOST:PORT` watches another one, `--port 9090` is where Prometheus listens. Ctrl-C ends what was started.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pause } from "../process-group.ts";
import { projectRoot } from "../server.ts";
import { startPrometheus } from "./prometheus.ts";

const { values } = parseArgs({ options: { target: { type: "string" }, port: { type: "string" } } });
const target = values.target ?? "127.0.0.1:8787";
const token = process.env.SPINDLE_METRICS_TOKEN ?? null;
if (values.target === undefined && !(await isServing())) await startSpindle();
const { url } = await startPrometheus({ target, token, ...(values.port ? { port: Number(values.port) } : {}) });
console.log(`
Prometheus watches ${target} with what stands in monitoring/; it keeps nothing after Ctrl-C.
  targets      ${url}/targets
  alerts       ${url}/alerts
  try          ${url}/graph?g0.expr=spindle_turns_started_total&g0.tab=0
`);
const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
const metrics = await fetch(`http://${target}/metrics`, { headers }).catch(() => null);
if (!metrics?.ok)
  console.log(`${target} does not tell its metrics: ${metrics ? `it answers ${metrics.status}` : "nobody listens"}.`);

async function startSpindle(): Promise<void> {
  const server = spawn(process.execPath, [join(projectRoot, "workers/start.ts")], { stdio: "inherit" });
  process.once("exit", () => server.kill("SIGTERM"));
  while (!(await isServing())) {
    if (server.exitCode !== null) process.exit(1);
    await pause(100);
  }
}

async function isServing(): Promise<boolean> {
  return (await fetch(`http://${target}/readyz`).catch(() => null))?.ok ?? false;
}
