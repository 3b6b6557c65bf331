/** What is done to a server before its runbook is followed: one fault for each page of docs/runbooks. */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createClient } from "#client/client";
import { workspaceLimits } from "#core/limits";
import { installationId, people } from "#test/support/github/stage";
import { openStagedWorker } from "#test/support/github/staged-worker";
import { newBrowserKeys, newServerKeys } from "#test/support/push-receiver";
import { startMiniflare } from "../miniflare-server.ts";
import { pause } from "../process-group.ts";
import { type Health, startModelEndpoint } from "./model-endpoint.ts";
import { startPushService } from "./push-service.ts";
import { startSlowClient } from "./slow-client.ts";
import { type Fault, isAsking, isIdle, isRunningCommand, openStage, patienceMs, type Stage } from "./stage.ts";

type Inject = (bundle: string) => Promise<{ env: Record<string, string> } & Fault>;

export const faults: Record<string, Inject> = {
  "turns-failing": withModel("refusing", (stage) => failedTurn(stage)),
  "model-endpoint": withModel("down", (stage) => failedTurn(stage)),
  "first-delta-slow": withModel("silent", async (stage) => ({ THREAD: (await stage.begin("say hello")).id })),
  "frames-missing": withModel("stuck", async (stage) => ({ THREAD: (await stage.begin("say hello to everybody")).id })),
  "approvals-late": withStage(async (stage) => {
    const thread = await stage.begin("write a.txt: a");
    await thread.until(isAsking, { timeoutMs: patienceMs });
    return { THREAD: thread.id };
  }),
  "tool-time-outs": withStage(async (stage) => {
    const thread = await stage.begin(Array(5).fill("run sleep 600").join("\n"));
    await thread.until(isRunningCommand, { timeoutMs: patienceMs });
    return { THREAD: thread.id };
  }),
  "hot-thread": withStage(async (stage) => ({ THREAD: (await stage.begin("count 10000")).id })),
  "tree-scores": withStage(async (stage) => {
    const thread = await stage.begin(`assume A1 p=0.9 kind=user_intent: the person wants it renamed
action rename cost=0.05 gain[A1]=0.9 gain[!A1]=-0.6: say renamed
action keep cost=0.05 gain[A1]=-0.3 gain[!A1]=0.5: say kept
decide`);
    await thread.until(isIdle, { timeoutMs: patienceMs });
    return { THREAD: thread.id };
  }),
  "memory-drift": withStage(async (stage) => {
    const thread = await stage.begin("say fix the parser of dates\nwrite src/dates.ts: Date.parse");
    await thread.until(isAsking, { timeoutMs: patienceMs });
    answerAll(thread, "decline");
    await thread.until(isIdle, { timeoutMs: patienceMs });
    await thread.send("say Use kumquatHelper for dates and never Date.parse in this project\nwrite src/dates.ts: kumquatHelper");
    await thread.until(isAsking, { timeoutMs: patienceMs });
    answerAll(thread, "accept");
    await thread.until(isIdle, { timeoutMs: patienceMs });
    await eventually("the lesson is learnt", async () => {
      const { data } = await stage.client.request("spindle/memory/search", { query: "kumquatHelper dates" });
      return data.length > 0;
    });
    await stage.client.request("spindle/memory/setEnabled", { enabled: false });
    return {};
  }),
  "leaked-token": withSockets(1),
  "socket-flood": withSockets(40),
  "internal-errors": async (bundle) => {
    const stage = await openStage(bundle, { SPINDLE_REHEARSAL_INTERVAL_MS: "200" });
    const thread = await stage.begin("count 40");
    await thread.until(({ turns }) => (turns.at(-1)?.items.length ?? 0) > 1, { timeoutMs: patienceMs });
    await stage.server.restart();
    return { env: { ...stage.env, THREAD: thread.id }, end: () => stage.close() };
  },
  "metrics-missing": async (bundle) => {
    const stage = await openStage(bundle);
    await stage.server.kill("SIGKILL");
    return { env: stage.env, mend: () => stage.server.restart(), end: () => stage.close() };
  },
  rollback: async (bundle) => {
    const stage = await openStage(bundle);
    const thread = await stage.begin("say kept");
    await thread.until(isIdle, { timeoutMs: patienceMs });
    const { port, persistTo } = stage.server;
    await stage.server.stop();
    const broken = mkdtempSync(join(tmpdir(), "spindle-broken-"));
    cpSync(bundle, broken, { recursive: true });
    const main = join(broken, "index.js");
    cpSync(main, join(broken, "spindle.js"));
    writeFileSync(
      main,
      'export * from "./spindle.js";\nexport default { fetch: () => new Response("a version with a defect", { status: 500 }) };\n',
    );
    let isMended = false;
    const bad = await startMiniflare({ bundle: broken, modules: ["spindle.js"], port, persistTo });
    return {
      env: { ...stage.env, THREAD: thread.id },
      async mend() {
        await bad.stop();
        // From here on the port is another's: who closes a server waits until nobody listens there.
        isMended = true;
        await stage.server.restart();
      },
      async end() {
        if (!isMended) await bad.close();
        await stage.close();
        rmSync(broken, { recursive: true, force: true });
      },
    };
  },
  "lost-object": async (bundle) => {
    const stage = await openStage(bundle);
    const known = threadFiles(stage);
    const thread = await stage.begin("say kept");
    await thread.until(isIdle, { timeoutMs: patienceMs });
    await eventually("the list has it", async () => {
      const { data } = await stage.client.request("thread/list", {});
      return data.some(({ id }) => id === thread.id);
    });
    await stage.server.stop();
    const backup = mkdtempSync(join(tmpdir(), "spindle-backup-"));
    const folder = threadFolder(stage);
    for (const name of threadFiles(stage).filter((each) => !known.includes(each))) {
      cpSync(join(folder, name), join(backup, name));
      rmSync(join(folder, name));
    }
    await stage.server.restart();
    return {
      env: { ...stage.env, THREAD: thread.id, BACKUP: backup, STATE: folder },
      // As the page says: the copy is put back while the server is stopped.
      mend: () => stage.server.restart(),
      async end() {
        await stage.close();
        rmSync(backup, { recursive: true, force: true });
      },
    };
  },
  "outbox-backlog": async (bundle) => {
    const stage = await openStage(bundle);
    const thread = await stage.begin("say hello");
    await thread.until(isIdle, { timeoutMs: patienceMs });
    await eventually("the list has it", async () => {
      const { data } = await stage.client.request("thread/list", {});
      return data.some(({ id, status }) => id === thread.id && status.type !== "active");
    });
    // Who reads goes on, who writes is refused: as a storage does that is short of something.
    const folder = join(stateFolder(stage), "spindle-DirectoryObject");
    const [file = ""] = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && !name.startsWith("metadata"));
    const storage = new DatabaseSync(join(folder, file));
    storage.exec("BEGIN IMMEDIATE");
    await stage.client.request("thread/name/set", { threadId: thread.id, name: "heard late" });
    return {
      env: { ...stage.env, THREAD: thread.id },
      async mend() {
        storage.exec("ROLLBACK");
        storage.close();
      },
      end: () => stage.close(),
    };
  },
  "push-failing": async (bundle) => {
    const service = await startPushService();
    const vapid = newServerKeys();
    const stage = await openStage(bundle, {
      VAPID_PUBLIC_KEY: vapid.publicKey,
      VAPID_PRIVATE_KEY: vapid.privateKey,
      SPINDLE_PUSH_HOSTS: service.host,
    });
    const { p256dh, auth } = newBrowserKeys();
    const endpoint = `http://${service.host}/a-device`;
    const device = { endpoint, keys: { p256dh, auth }, expirationTime: null, device: "a telephone" };
    await stage.client.request("spindle/push/subscribe", device);
    const thread = await stage.begin("write a.txt: a");
    await eventually("the service has refused", async () => {
      const { data } = await stage.client.request("spindle/push/list", {});
      return data.some(({ lastFailure }) => lastFailure !== null);
    });
    return {
      env: { ...stage.env, THREAD: thread.id },
      async mend() {
        service.isDown = false;
      },
      async end() {
        await stage.close();
        service.close();
      },
    };
  },
  "slow-clients": async (bundle) => {
    const metricsToken = "a-token-for-the-metrics-of-32-bytes-and-more";
    const stage = await openStage(bundle, { SPINDLE_METRICS_TOKEN: metricsToken });
    const { id, token } = await strangersToken(stage);
    const client = await startSlowClient(stage.server.wsUrl, token);
    await eventually("it was closed", async () => client.closedAsSlow > 1);
    return {
      env: { ...stage.env, METRICS_TOKEN: metricsToken, TOKEN_ID: id },
      async end() {
        await client.stop();
        await stage.close();
      },
    };
  },
  "storage-full": withStage(async ({ client }) => {
    const { thread } = await client.request("thread/start", {});
    const { id: threadId, cwd } = thread;
    const write = (path: string, bytes: number) =>
      client.request("fs/writeFile", { threadId, path, dataBase64: Buffer.alloc(bytes, "x").toString("base64") });
    const { workspaceBytesMax } = workspaceLimits;
    const partBytes = 5 * 1024 * 1024;
    await client.request("fs/createDirectory", { threadId, path: `${cwd}/large`, recursive: true });
    await write(`${cwd}/large/0`, partBytes);
    const copies = Math.floor(workspaceBytesMax / partBytes);
    for (let copy = 1; copy < copies; copy++) {
      const destinationPath = `${cwd}/large/${copy}`;
      await client.request("fs/copy", { threadId, sourcePath: `${cwd}/large/0`, destinationPath });
    }
    await write(`${cwd}/large/rest`, workspaceBytesMax - copies * partBytes);
    return { THREAD: threadId, CWD: cwd };
  }),
  "github-down": withGitHub(async ({ stage, ask }) => {
    const issue = await ask("a calm one");
    stage.faults.push({ matches: () => true, when: "before", answer: { status: 503 }, times: Number.POSITIVE_INFINITY });
    await ask("say hello", issue);
    return { issue, mend: () => void stage.faults.splice(0) };
  }),
  "webhook-backlog": withGitHub(async ({ hook, ask }) => {
    const issue = await ask("a calm one");
    hook.isDown = true;
    await ask("say hello", issue);
    await pause(1_000);
    hook.isDown = false;
    return { issue, mend: () => hook.allAgain({ guid: "another" }) };
  }),
};

function withStage(prepare: (stage: Stage) => Promise<Record<string, string>>, env: Record<string, string> = {}): Inject {
  return async (bundle) => {
    const stage = await openStage(bundle, env);
    return { env: { ...stage.env, ...(await prepare(stage)) }, end: () => stage.close() };
  };
}

/** The server's model is an endpoint that is broken like this, and is well again when the world mends it. */
function withModel(health: Health, prepare: (stage: Stage) => Promise<Record<string, string>>): Inject {
  return async (bundle) => {
    const endpoint = await startModelEndpoint(health);
    const stage = await openStage(bundle, endpoint.env);
    return {
      env: { ...stage.env, ...endpoint.env, ...(await prepare(stage)) },
      async mend() {
        endpoint.health = "well";
      },
      async end() {
        await stage.close();
        await endpoint.close();
      },
    };
  };
}

async function failedTurn(stage: Stage): Promise<Record<string, string>> {
  const thread = await stage.begin("say hello");
  await thread.until(isIdle, { timeoutMs: patienceMs });
  return { THREAD: thread.id };
}

/** A stranger has a token of somebody, and holds so many sockets on it. */
function withSockets(count: number): Inject {
  return async (bundle) => {
    const stage = await openStage(bundle);
    const made = await strangersToken(stage);
    const folder = mkdtempSync(join(tmpdir(), "spindle-sockets-"));
    const file = join(folder, "open");
    const sockets = Array.from({ length: count }, () =>
      createClient({
        url: stage.server.wsUrl,
        token: made.token,
        clientInfo: { name: "stranger", version: "1" },
        onStateChange: () => writeFileSync(file, String(sockets.filter(({ state }) => state.type !== "closed").length)),
      }),
    );
    await Promise.all(sockets.map(({ ready }) => ready));
    return {
      env: { ...stage.env, TOKEN: made.token, TOKEN_ID: made.id, SOCKETS_OPEN: file },
      async end() {
        for (const socket of sockets) socket.close();
        await stage.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  };
}

async function strangersToken(stage: Stage): Promise<{ id: string; token: string }> {
  const headers = { authorization: `Bearer ${stage.env.SPINDLE_OPERATOR_TOKEN}`, "content-type": "application/json" };
  const body = JSON.stringify({ account: "alice", label: "flood", expiresDays: 1 });
  return (await fetch(`${stage.server.url}/tokens`, { method: "POST", headers, body })).json() as never;
}

type Staged = Awaited<ReturnType<typeof openStagedWorker>>;
type Scene = { stage: Staged["stage"]; hook: Staged["hook"]; ask(text: string, issue?: number): Promise<number> };

function withGitHub(prepare: (scene: Scene) => Promise<{ issue: number; mend(): Promise<void> | void }>): Inject {
  return async () => {
    const operator = "the-operators-own-token-of-32-bytes-and-more";
    const staged = await openStagedWorker({ env: { SPINDLE_OPERATOR_TOKEN: operator } });
    const { stage, hook, server } = staged;
    const { issue, mend } = await prepare({
      stage,
      hook,
      async ask(text, issue) {
        const path = "/repos/acme/widgets/issues";
        if (issue === undefined) {
          const made = await stage.as(people.writer, "POST", path, { title: text, body: "" });
          return ((await made.json()) as { number: number }).number;
        }
        await stage.as(people.writer, "POST", `${path}/${issue}/comments`, { body: `/spindle run ${text}` });
        return issue;
      },
    });
    return {
      env: {
        SPINDLE_URL: server.url,
        SPINDLE_OPERATOR_TOKEN: operator,
        GITHUB_API_URL: staged.gateUrl,
        GITHUB_TOKEN: `token-of-${people.writer}`,
        REPOSITORY: "acme/widgets",
        ISSUE: String(issue),
        INSTALLATION: String(installationId),
      },
      mend: async () => await mend(),
      end: () => staged.close(),
    };
  };
}

function answerAll(thread: Awaited<ReturnType<Stage["begin"]>>, decision: "accept" | "decline"): void {
  for (const { id } of thread.state?.requests ?? []) thread.answer(String(id), decision);
}

function stateFolder(stage: Stage): string {
  return join(stage.server.persistTo, "do");
}

function threadFolder(stage: Stage): string {
  return join(stateFolder(stage), "spindle-ThreadObject");
}

function threadFiles(stage: Stage): string[] {
  try {
    return readdirSync(threadFolder(stage)).filter((name) => !name.startsWith("metadata"));
  } catch {
    return [];
  }
}

async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const deadlineMs = Date.now() + patienceMs; Date.now() < deadlineMs; await pause(200)) if (await look()) return;
  throw new Error(`${what}: that does not come to pass`);
}
