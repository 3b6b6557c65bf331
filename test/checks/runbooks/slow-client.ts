/**
 * A client with a defect: it asks for more than it says it has read, is closed for that with 1013, and comes again, for as long as its token opens
 * the door.
 */
import { openSocket } from "#client/open-socket";
import { pause } from "../process-group.ts";

/** Bytes of the file that it reads again and again; a few answers with it are more than a socket may leave unread. */
const fileBytes = 5 * 1024 * 1024;
const readsAtOnce = 6;
const tryAgainLater = 1013;

export interface SlowClient {
  /** How often the server closed it with 1013. */
  closedAsSlow: number;
  stop(): Promise<void>;
}

export async function startSlowClient(url: string, token: string): Promise<SlowClient> {
  const threadId = crypto.randomUUID();
  let isStopped = false;
  const client: SlowClient = {
    closedAsSlow: 0,
    async stop() {
      isStopped = true;
      await running;
    },
  };
  const running = (async () => {
    for (let life = 0; !isStopped; life++) {
      const code = await live(url, token, threadId, life === 0).catch(() => null);
      if (code === tryAgainLater) client.closedAsSlow += 1;
      await pause(500);
    }
  })();
  return client;
}

/** From the handshake to the close; the code of it. */
async function live(url: string, token: string, threadId: string, isFirst: boolean): Promise<number> {
  const socket = openSocket({ url, token }) as unknown as WebSocket;
  const closed = Promise.withResolvers<number>();
  const answered = new Map<number, () => void>();
  socket.onclose = ({ code }) => closed.resolve(code);
  socket.onerror = () => {};
  socket.onmessage = ({ data }) => {
    // Long answers are not looked into: their beginning has the id.
    const id = Number(/"id":(\d+)/.exec(String(data).slice(0, 200))?.[1] ?? Number.NaN);
    answered.get(id)?.();
  };
  let lastId = 0;
  const ask = (method: string, params: object) => {
    lastId += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    answered.set(lastId, resolve);
    socket.send(JSON.stringify({ id: lastId, method, params }));
    return Promise.race([promise, closed.promise]);
  };
  const opened = Promise.withResolvers<void>();
  socket.onopen = () => opened.resolve();
  if ((await Promise.race([opened.promise, closed.promise])) !== undefined) return closed.promise;
  const capabilities = { experimentalApi: true, extensions: { "spindle/acknowledge": {}, "spindle/replay": {} } };
  await ask("initialize", { clientInfo: { name: "slow", title: null, version: "1" }, capabilities });
  socket.send(JSON.stringify({ method: "initialized" }));
  await ask("thread/start", { threadId });
  const path = "/workspace/large.txt";
  const dataBase64 = Buffer.alloc(fileBytes, "x").toString("base64");
  if (isFirst) await ask("fs/writeFile", { threadId, path, dataBase64 });
  // And says of none of it that it has read it.
  for (let read = 0; read < readsAtOnce; read++) void ask("fs/readFile", { threadId, path });
  const patience = setTimeout(() => socket.close(), 15_000);
  return closed.promise.finally(() => clearTimeout(patience));
}
