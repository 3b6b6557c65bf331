/** The server under load, with everything that is read off it. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleWorker, type MiniflareServer, startMiniflare } from "../../checks/miniflare-server.ts";
import { freePort } from "../../checks/server.ts";
import { type WorkerdProcess, workerdBelow } from "../workerd-process.ts";
import type { Field } from "./load-client.ts";

export interface Stage {
  server: MiniflareServer;
  workerd: WorkerdProcess;
  inspectorPort: number;
  isInMemory: boolean;
  metrics: { url: string; token: string };
  field: Field;
  /** A token of the account. */
  tokenOf(account: string): Promise<string>;
  close(): Promise<void>;
}

const problemsMax = 100;

/** Where Linux keeps files in memory. */
const memoryFolder = "/dev/shm";

/**
 * `rehearsalIntervalMs`: between two words of the model. The storage is kept in memory where that can be, unless `isOnDisk`: workerd waits for the
 * disk on its only thread, for one object after the other, which no server of Cloudflare does.
 */
export async function openStage({
  rehearsalIntervalMs,
  isOnDisk,
}: {
  rehearsalIntervalMs: number;
  isOnDisk: boolean;
}): Promise<Stage> {
  const isInMemory = !isOnDisk && existsSync(memoryFolder);
  const storage = mkdtempSync(join(isInMemory ? memoryFolder : tmpdir(), "spindle-load-"));
  const [operator, scraper] = [randomUUID().repeat(2), randomUUID().repeat(2)];
  const bundle = await bundleWorker();
  const inspectorPort = await freePort();
  const server = await startMiniflare({
    bundle,
    inspectorPort,
    persistTo: storage,
    env: {
      SPINDLE_OPERATOR_TOKEN: operator,
      SPINDLE_METRICS_TOKEN: scraper,
      SPINDLE_REHEARSAL_INTERVAL_MS: String(rehearsalIntervalMs),
      // Ten thousand turns are more than a day of an account.
      SPINDLE_TOKENS_PER_DAY: "off",
    },
  });
  const problems: string[] = [];
  return {
    server,
    workerd: workerdBelow(server.pid),
    inspectorPort,
    isInMemory,
    metrics: { url: server.url, token: scraper },
    field: {
      port: server.port,
      problems,
      counted: { sockets: 0, framesHeard: 0, replays: 0, replayedFrames: 0, framesMissed: 0, closedAsSlow: 0 },
      fail: (what) => {
        if (problems.length < problemsMax) problems.push(what);
      },
    },
    async tokenOf(account) {
      const response = await fetch(`${server.url}/tokens`, {
        method: "POST",
        headers: { authorization: `Bearer ${operator}`, "content-type": "application/json" },
        body: JSON.stringify({ account }),
      });
      if (!response.ok) throw new Error(`no token for ${account}: ${response.status}`);
      return ((await response.json()) as { token: string }).token;
    },
    async close() {
      await server.close();
      for (const folder of [bundle, storage]) rmSync(folder, { recursive: true, force: true });
    },
  };
}
