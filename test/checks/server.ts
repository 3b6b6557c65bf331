/**
 * A whole Spindle server as a person runs it: `wrangler dev` with everything below it, on a free port and with storage of its own. For
 * checks that have to see it start, die and come back; tests of behaviour talk to the objects directly.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endGroup, endWithUs, pause, pidOf } from "./process-group.ts";

export interface ServerOptions {
  /** A free one unless said. */
  port?: number;
  /** Where the objects' storage lives. Unless said, a new directory that `close` removes. */
  persistTo?: string;
  /** The Worker's variables, such as `SPINDLE_TOKEN`; see durable-objects/environment.ts. The operator's own `.dev.vars` is not read. */
  env?: Record<string, string>;
  /** The folder of the web client; the build's own unless said. What is in it may be another at the next `restart`. */
  assets?: string;
}

export interface Server {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** `ws://127.0.0.1:<port>` */
  wsUrl: string;
  port: number;
  persistTo: string;
  /** The process group of the server that runs now: wrangler, its bundler, workerd. */
  readonly pid: number;
  /** What all its runs printed so far, both streams. */
  logs(): string;
  /** Signals the whole group and returns when it is gone and the port is free. With `SIGKILL` nobody has a chance to write anything more. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts again on the same port and storage; ends what still runs first, by `SIGKILL`. Returns when it serves. */
  restart(): Promise<void>;
  /** The end: kills it, and removes the storage if `startServer` made it. */
  close(): Promise<void>;
}

/** Generous: the first start on a busy machine with two cores bundles everything and takes several seconds. */
const startTimeoutMs = 60_000;

/** Starts a server and returns when it serves. Throws with the server's own words when it does not come up. */
export async function startServer({ port, persistTo, env: wanted = {}, assets }: ServerOptions = {}): Promise<Server> {
  // A check begins more turns in a minute than an account of people.
  const env = { SPINDLE_TURNS_PER_MINUTE: "off", ...wanted };
  const servedPort = port ?? (await freePort());
  const storage = persistTo ?? mkdtempSync(join(tmpdir(), "spindle-server-"));
  const url = `http://127.0.0.1:${servedPort}`;
  const printed: string[] = [];
  let running = await start();

  async function start(): Promise<ChildProcess> {
    const child = spawnServer({ port: servedPort, inspectorPort: await freePort(), persistTo: storage, env, assets });
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => printed.push(chunk.toString()));
    try {
      await serving(child, url);
    } catch (error) {
      await endGroup(child, { port: servedPort, signal: "SIGKILL" });
      throw new Error(`${error instanceof Error ? error.message : error}\n${printed.join("").slice(-4_000)}`);
    }
    return child;
  }

  return {
    url,
    wsUrl: `ws://127.0.0.1:${servedPort}`,
    port: servedPort,
    persistTo: storage,
    get pid() {
      return pidOf(running);
    },
    logs: () => printed.join(""),
    kill: (signal) => endGroup(running, { port: servedPort, signal }),
    async restart() {
      await endGroup(running, { port: servedPort, signal: "SIGKILL" });
      running = await start();
    },
    async close() {
      await endGroup(running, { port: servedPort, signal: "SIGKILL" });
      if (persistTo === undefined) rmSync(storage, { recursive: true, force: true });
    },
  };
}

/**
 * A port nobody listens on, below those that the system gives to outgoing connections: a client that tries again and again while its
 * server is down would otherwise one day get the server's own port, and talk to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** The repository's root. */
export const projectRoot: string = fileURLToPath(new URL("../../", import.meta.url));

function spawnServer(options: {
  port: number;
  inspectorPort: number;
  persistTo: string;
  env: Record<string, string>;
  assets: string | undefined;
}): ChildProcess {
  const { port, inspectorPort, persistTo, env, assets } = options;
  requireWebApp();
  // A file and not `--var`: it also keeps wrangler from reading the operator's own `.dev.vars`, which may name a model that costs money.
  const variables = join(persistTo, "variables.env");
  mkdirSync(persistTo, { recursive: true });
  writeFileSync(
    variables,
    Object.entries(env)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(""),
  );
  const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
  const child = spawn(
    process.execPath,
    [
      wrangler,
      "dev",
      "--local",
      "--ip=127.0.0.1",
      `--port=${port}`,
      `--inspector-port=${inspectorPort}`,
      "--show-interactive-dev-session=false",
      `--persist-to=${persistTo}`,
      `--env-file=${variables}`,
      ...(assets === undefined ? [] : [`--assets=${assets}`]),
    ],
    {
      cwd: projectRoot,
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_HIDE_BANNER: "true",
        // Otherwise wrangler asks the network for the shape of `request.cf`.
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
      },
      stdio: ["ignore", "pipe", "pipe"],
      // Its own process group, so that one signal reaches wrangler, its bundler and workerd alike.
      detached: true,
    },
  );
  endWithUs(child);
  return child;
}

/** The Worker serves this folder and does not start without it; what is in it is the web build's business. */
function requireWebApp(): void {
  const folder = join(projectRoot, "web/app/dist");
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Spindle</title>The web client is not built.\n");
}

async function serving(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("the server ended before it served anything");
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
      if (response.ok) return;
    } catch {
      // Nobody listens yet.
    }
    await pause(50);
  }
  throw new Error(`the server did not serve ${url} within ${startTimeoutMs} ms`);
}
