/**
 * The same server as server.ts starts, without wrangler: bundled once, then run by Miniflare in a process of its own. It is up within a second,
 * which makes it cheap enough to be killed fifty times, and it has none of the proxies of `wrangler dev`, which makes it fit to be measured.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Miniflare, Response as MiniflareResponse } from "miniflare";
import { endGroup, endWithUs, pidOf } from "./process-group.ts";
import { freePort, projectRoot, type Server, type ServerOptions } from "./server.ts";

/** Bundles the Worker as it would be deployed, or another `entry` around it. Returns the folder; whoever asked removes it. */
export async function bundleWorker(entry: string | null = null): Promise<string> {
  const outDirectory = mkdtempSync(join(tmpdir(), "spindle-bundle-"));
  const assets = join(projectRoot, "web/app/dist");
  if (!existsSync(assets)) {
    // Wrangler bundles nothing without the folder of the pages, which no check here looks at.
    mkdirSync(assets, { recursive: true });
    writeFileSync(join(assets, "index.html"), "<!doctype html><title>Spindle</title>The web client is not built.\n");
  }
  const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
  const parameters = ["deploy", ...(entry === null ? [] : [entry]), "--dry-run", `--outdir=${outDirectory}`];
  await promisify(execFile)(process.execPath, [wrangler, ...parameters], {
    cwd: projectRoot,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" },
  });
  return outDirectory;
}

export interface MiniflareServer extends Server {
  /** Ends the server as a person would, so that its storage is written out; `restart` brings it back. */
  stop(): Promise<void>;
}

/** Starts the bundle of `bundleWorker` and returns when it serves. `modules` are files of its folder that index.js imports. */
export async function startMiniflare({
  bundle,
  port,
  persistTo,
  env = {},
  modules = [],
  outbound,
  inspectorPort,
}: ServerOptions & { bundle: string; modules?: string[]; outbound?: string; inspectorPort?: number }): Promise<MiniflareServer> {
  const servedPort = port ?? (await freePort());
  const storage = persistTo ?? mkdtempSync(join(tmpdir(), "spindle-miniflare-"));
  const printed: string[] = [];
  let running = await start();

  /** Only the leader is asked: it ends workerd itself, in order. */
  function end(signal: NodeJS.Signals): Promise<void> {
    return endGroup(running, { port: servedPort, signal, asked: "leader" });
  }

  async function start(): Promise<ChildProcess> {
    const options: ChildOptions = {
      bundle,
      modules,
      port: servedPort,
      persistTo: storage,
      env,
      ...(outbound ? { outbound } : {}),
      ...(inspectorPort ? { inspectorPort } : {}),
    };
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(options)], {
      cwd: projectRoot,
      stdio: ["ignore", "pipe", "pipe"],
      // Its own process group, so that one signal reaches Miniflare and workerd alike.
      detached: true,
    });
    endWithUs(child);
    let isReady = false;
    const ready = new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk: Buffer) => {
          printed.push(chunk.toString());
          if (!isReady && printed.slice(-5).join("").includes(readyLine)) {
            isReady = true;
            resolve();
          }
        });
      }
      child.once("exit", () =>
        reject(new Error(`the server ended before it served anything\n${printed.join("").slice(-4_000)}`)),
      );
    });
    printed.push("\n");
    await ready;
    return child;
  }

  return {
    url: `http://127.0.0.1:${servedPort}`,
    wsUrl: `ws://127.0.0.1:${servedPort}`,
    port: servedPort,
    persistTo: storage,
    get pid() {
      return pidOf(running);
    },
    logs: () => printed.join(""),
    kill: (signal) => end(signal),
    stop: () => end("SIGTERM"),
    async restart() {
      await end("SIGKILL");
      printed.push("\n".repeat(5));
      running = await start();
    },
    async close() {
      await end("SIGKILL");
      if (persistTo === undefined) rmSync(storage, { recursive: true, force: true });
    },
  };
}

interface ChildOptions {
  bundle: string;
  modules: string[];
  port: number;
  persistTo: string;
  env: Record<string, string>;
  /** `address:port`, where all requests go that leave the Worker, whatever their host. */
  outbound?: string;
  /** V8's inspector of the Worker's isolate listens there. */
  inspectorPort?: number;
}

const readyLine = "miniflare serves";

/** What runs in the process of its own. */
async function serve({ bundle, modules, port, persistTo, env, outbound, inspectorPort }: ChildOptions): Promise<void> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "spindle",
      host: "127.0.0.1",
      port,
      cf: false,
      ...(inspectorPort === undefined ? {} : { inspectorPort }),
      telemetry: { enabled: false },
      resourcePersistencePath: persistTo,
      modules: [mainOf(bundle), ...modules].map((file) => ({ type: "ESModule", path: join(bundle, file) })),
      modulesRoot: bundle,
      compatibilityDate: "2026-10-20",
      compatibilityFlags: ["nodejs_compat"],
      durableObjects: {
        THREAD: { className: "ThreadObject", useSQLite: true },
        CONNECTION: { className: "ConnectionObject", useSQLite: true },
        ACCESS: { className: "AccessObject", useSQLite: true },
        MEMORY_WRITER: { className: "MemoryObject", useSQLite: true },
        METRICS: { className: "MetricsObject", useSQLite: true },
        PUSH: { className: "PushObject", useSQLite: true },
        DIRECTORY: { className: "DirectoryObject", useSQLite: true },
        REPOSITORY: { className: "RepositoryObject", useSQLite: true },
        GITHUB_APP: { className: "GitHubAppObject", useSQLite: true },
      },
      kvNamespaces: ["MEMORY", "FLAGS"],
      serviceBindings: { ASSETS: () => new Response("no pages here", { status: 404 }) as never },
      // A check begins more turns in a minute than an account of people.
      bindings: { SPINDLE_TURNS_PER_MINUTE: "off", ...env },
      ...(outbound === undefined ? {} : { outboundService: (request: Request) => passOn(request, outbound) as never }),
    }),
  );
  process.once("SIGTERM", () => void miniflare.dispose().then(() => process.exit(0)));
  await miniflare.ready;
  console.log(`${readyLine} ${port}`);
}

/** Says in `x-forwarded-host` where it was to go. */
async function passOn(request: Request, address: string): Promise<Response> {
  const { host, pathname, search } = new URL(request.url);
  const body = request.body === null ? null : await request.text();
  const headers = { ...Object.fromEntries(request.headers), "x-forwarded-host": host };
  const answer = await fetch(`http://${address}${pathname}${search}`, { method: request.method, headers, body });
  // An answer that has no body, as 204 has none, may not be made with an empty one.
  return new MiniflareResponse((await answer.text()) || null, { status: answer.status }) as never;
}

/** The Worker's own file, or that of the entry that was bundled in its place. */
function mainOf(bundle: string): string {
  if (existsSync(join(bundle, "index.js"))) return "index.js";
  return readdirSync(bundle).find((name) => name.endsWith(".js")) ?? "index.js";
}

if (import.meta.main) await serve(JSON.parse(process.argv[2] ?? "{}"));
