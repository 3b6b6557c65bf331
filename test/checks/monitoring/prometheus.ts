/** The real Prometheus: where it is, and one that runs for us. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { endGroup, endWithUs, pause } from "../process-group.ts";
import { freePort, projectRoot } from "../server.ts";

const readyTimeoutMs = 60_000;

/** Installs Debian's package where there is none yet and we may. Throws with what to do. */
export function findPrometheus(): { prometheus: string; promtool: string } {
  const [prometheus, promtool] = [found("prometheus"), found("promtool")];
  if (prometheus && promtool) return { prometheus, promtool };
  try {
    const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
    for (const command of [
      ["apt-get", "update", "-qq"],
      ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "prometheus"],
    ]) {
      const [program = "", ...parameters] = [...asRoot, ...command];
      execFileSync(program, parameters, { stdio: ["ignore", "ignore", "inherit"] });
    }
  } catch {
    // Said below.
  }
  const [installed, tool] = [found("prometheus"), found("promtool")];
  if (!installed || !tool)
    throw new Error(
      "No Prometheus: install it (Debian: apt-get install prometheus), so that prometheus and promtool are in the PATH.",
    );
  return { prometheus: installed, promtool: tool };
}

function found(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

export interface RunningPrometheus {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** The value of one series, or null where the expression has none. */
  value(expression: string): Promise<number | null>;
  close(): Promise<void>;
}

/**
 * Runs it with the project's own configuration and rules, its data in a temporary folder that `close` removes. `target` is a Spindle's
 * `host:port`, `token` what its /metrics wants, `intervalSeconds` how often it is asked.
 */
export async function startPrometheus(options: {
  target: string;
  token?: string | null;
  intervalSeconds?: number;
  port?: number;
}): Promise<RunningPrometheus> {
  const { target, token = null, intervalSeconds = 15 } = options;
  const { prometheus } = findPrometheus();
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), "spindle-prometheus-"));
  const own = join(projectRoot, "monitoring");
  for (const name of readdirSync(own).filter((each) => each.endsWith(".yml"))) copyFileSync(join(own, name), join(folder, name));
  const configuration = readFileSync(join(own, "prometheus.yml"), "utf8")
    .replace("127.0.0.1:8787", target)
    .replaceAll(/(scrape|evaluation)_interval: \d+s/g, `$1_interval: ${intervalSeconds}s`)
    .replace(/scrape_timeout: \d+s/, `scrape_timeout: ${Math.min(10, intervalSeconds)}s`)
    .replace(
      "metrics_path: /metrics",
      `metrics_path: /metrics${token === null ? "" : "\n    authorization:\n      credentials_file: spindle-metrics-token"}`,
    );
  writeFileSync(join(folder, "prometheus.yml"), configuration);
  if (token !== null) writeFileSync(join(folder, "spindle-metrics-token"), token, { mode: 0o600 });
  const child = spawn(
    prometheus,
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  endWithUs(child);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    await endGroup(child, { port, signal: "SIGTERM" });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(child, url);
  } catch (error) {
    await close();
    throw new Error(`${error instanceof Error ? error.message : error}\n${said.slice(-4_000)}`);
  }
  return {
    url,
    close,
    async value(expression) {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const answer = (await response.json()) as { error?: string; data?: { result: { value: [number, string] }[] } };
      if (!answer.data) throw new Error(answer.error ?? "Prometheus does not answer");
      const [first] = answer.data.result;
      return first ? Number(first.value[1]) : null;
    },
  };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  for (const deadlineMs = Date.now() + readyTimeoutMs; Date.now() < deadlineMs; await pause(100)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("Prometheus ended before it served anything");
    const response = await fetch(`${url}/-/ready`).catch(() => null);
    if (response?.ok) return;
  }
  throw new Error(`Prometheus did not serve ${url} within ${readyTimeoutMs} ms`);
}
