/**
 * The door by which `check:memory` reaches the memory's object: its calls as HTTP, its writes to KV as lines of the log, and a hand on the moments at
 * which it shall refuse or be caught between a shard and its manifest. All else is Spindle's own bundle, which lies beside this file as spindle.js.
 */
import { MemoryObject as Shipped } from "./spindle.js";

export * from "./spindle.js";

export class MemoryObject extends Shipped {
  constructor(context, environment) {
    const hand = { isHolding: false, refusesUntilMs: 0 };
    super(context, { ...environment, MEMORY: recorded(environment.MEMORY, hand) });
    this.hand = hand;
  }

  async report(account, reports) {
    if (Date.now() < this.hand.refusesUntilMs) throw new Error("refused by the check");
    await super.report(account, reports);
  }

  async take(hand) {
    Object.assign(this.hand, hand);
  }
}

function recorded(kv, hand) {
  return {
    async put(key, text) {
      const isManifest = key.endsWith("/manifest");
      if (isManifest && hand.isHolding) {
        console.log(JSON.stringify({ event: "manifestHeld" }));
        // Whoever holds it kills the server.
        await new Promise(() => setTimeout(() => {}, 60_000));
      }
      if (isManifest)
        console.log(JSON.stringify({ event: "manifestPut", atMs: Date.now(), generation: JSON.parse(text).generation }));
      await kv.put(key, text);
    },
    delete: (key) => kv.delete(key),
  };
}

export default {
  async fetch(request, environment) {
    const { pathname } = new URL(request.url);
    if (request.method !== "POST") return new Response(null, { status: 200 });
    const body = await request.json();
    const stub = environment.MEMORY_WRITER.get(environment.MEMORY_WRITER.idFromName(body.account));
    switch (pathname) {
      case "/report":
        try {
          await stub.report(body.account, body.reports);
          return new Response(null, { status: 204 });
        } catch (error) {
          return new Response(String(error), { status: 503 });
        }
      case "/request":
        return Response.json(await stub.request(body.request));
      case "/hand":
        await stub.take(body.hand);
        return new Response(null, { status: 204 });
      case "/read":
        return Response.json({ text: await environment.MEMORY.get(body.key) });
      default:
        return new Response(null, { status: 404 });
    }
  },
};
