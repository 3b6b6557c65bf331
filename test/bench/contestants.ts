/** The servers that are measured: Spindle on Miniflare and, where its binary is at hand, the real Codex App Server. */
import { type ChildProcess, spawn } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMiniflare } from "../checks/miniflare-server.ts";
import { freePort, projectRoot } from "../checks/server.ts";

export interface Contestant {
  name: string;
  wsUrl: string;
  /** Of `thread/start`. */
  threadParams: object;
  /** Everything it stores stands below. */
  storage: string;
  /** Ends it in order; `start` brings it back over the same storage. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const model = "gpt-5.1-codex";

/** One server, twice in the race: with the embedded rehearsal, and with the same model server as Codex. */
export async function startSpindle(bundle: string, modelUrl: string): Promise<{ rehearsal: Contestant; remote: Contestant }> {
  const server = await startMiniflare({
    bundle,
    env: {
      SPINDLE_REHEARSAL_INTERVAL_MS: "0",
      OPENAI_API_KEY: "none-needed-here",
      OPENAI_BASE_URL: modelUrl,
      OPENAI_MODEL: model,
    },
  });
  const common = {
    wsUrl: server.wsUrl,
    storage: server.persistTo,
    stop: () => server.stop(),
    start: () => server.restart(),
    close: () => server.close(),
  };
  return {
    rehearsal: { ...common, name: "spindle, rehearsal", threadParams: { model: "rehearsal", approvalPolicy: "never" } },
    remote: { ...common, name: "spindle", threadParams: { model, approvalPolicy: "never" } },
  };
}

/** Null where there is no binary: `CODEX_BIN`, or what check:codex has put into its cache. */
export async function startCodex(modelUrl: string): Promise<Contestant | null> {
  const cached = globSync("node_modules/.cache/spindle-codex/node_modules/@openai/codex-*/vendor/*/bin/codex", {
    cwd: projectRoot,
  });
  const binary = process.env.CODEX_BIN ?? (cached[0] ? join(projectRoot, cached[0]) : null);
  if (binary === null) return null;
  const home = mkdtempSync(join(tmpdir(), "spindle-bench-codex-"));
  const workspace = join(home, "workspace");
  mkdirSync(workspace);
  const provider = `name = "stub"\nbase_url = "${modelUrl}"\nwire_api = "responses"\nrequires_openai_auth = false\n`;
  writeFileSync(join(home, "config.toml"), `model = "${model}"\nmodel_provider = "stub"\n[model_providers.stub]\n${provider}`);
  const port = await freePort();
  let child: ChildProcess | null = null;
  const stop = async () => {
    const running = child;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const over = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGTERM");
    await over;
  };
  const start = async () => {
    await stop();
    child = spawn(binary, ["app-server", "--listen", `ws://127.0.0.1:${port}`], {
      cwd: workspace,
      env: { ...process.env, CODEX_HOME: home },
      stdio: "ignore",
    });
    const running = child;
    process.once("exit", () => running.kill("SIGKILL"));
    while (!(await isReady(`http://127.0.0.1:${port}/readyz`))) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await start();
  return {
    name: "codex",
    wsUrl: `ws://127.0.0.1:${port}`,
    threadParams: { cwd: workspace, approvalPolicy: "never", sandbox: "read-only" },
    storage: home,
    stop,
    start,
    async close() {
      await stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}
