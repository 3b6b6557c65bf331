/** What V8 knows of the Worker's isolate: its heap after a collection, by the inspector that workerd has. */

/** Bytes in use, once everything that nobody holds is collected. Throws where nobody inspects. */
export async function heapMiBAfterCollection(inspectorPort: number): Promise<number> {
  const targets = (await (await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)).json()) as InspectorTarget[];
  const target = targets.find(({ webSocketDebuggerUrl }) => webSocketDebuggerUrl.includes("core:user:"));
  if (!target) throw new Error("workerd has no isolate that can be inspected");
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`nobody inspects at ${target.webSocketDebuggerUrl}`));
  });
  let lastId = 0;
  const ask = <Answer>(method: string) =>
    new Promise<Answer>((resolve, reject) => {
      lastId += 1;
      const id = lastId;
      socket.addEventListener("message", ({ data }) => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: Answer; error?: { message: string } };
        if (answer.id !== id) return;
        if (answer.result) resolve(answer.result);
        else reject(new Error(`${method}: ${answer.error?.message}`));
      });
      socket.send(JSON.stringify({ id, method }));
    });
  try {
    // Once for what is garbage, once for what its finalizers let go.
    await ask("HeapProfiler.collectGarbage");
    await ask("HeapProfiler.collectGarbage");
    const { usedSize } = await ask<{ usedSize: number }>("Runtime.getHeapUsage");
    return usedSize / 1024 / 1024;
  } finally {
    socket.close();
  }
}

interface InspectorTarget {
  webSocketDebuggerUrl: string;
}
