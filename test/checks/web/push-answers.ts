/** The server's half of notifications, as a page of this browser sees it: everything else goes to the real server. */
import { createHash } from "node:crypto";
import type { BrowserContext } from "playwright-core";

interface Subscribed {
  endpoint: string;
  keys: object;
  expirationTime: number | null;
  device: string;
}

export interface Told {
  devices: Subscribed[];
  /** How often a device was named. */
  subscribed: number;
}

export async function answerPush(context: BrowserContext): Promise<Told> {
  const told: Told = { devices: [], subscribed: 0 };
  const answer = (method: string, params: Subscribed): object => {
    if (method === "spindle/push/key/read") return { publicKey };
    if (method === "spindle/push/list") {
      const data = told.devices.map(({ endpoint, device }) => {
        const endpointHash = createHash("sha256").update(endpoint).digest("base64url");
        return { endpointHash, device, subscribedAt: Date.now(), lastDeliveredAt: null, lastFailure: null };
      });
      return { data };
    }
    const others = told.devices.filter(({ endpoint }) => endpoint !== params.endpoint);
    const wasSubscribed = others.length < told.devices.length;
    told.devices = others;
    if (method === "spindle/push/unsubscribe") return { wasSubscribed };
    told.devices.push(params);
    told.subscribed += 1;
    return {};
  };
  await context.routeWebSocket(/^ws:/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const { id, method = "", params } = String(text).startsWith("{") ? JSON.parse(String(text)) : {};
      if (method.startsWith("spindle/push/")) socket.send(JSON.stringify({ id, result: answer(method, params) }));
      else server.send(text);
    });
  });
  return told;
}

/** A point of P-256, as a server's key is. */
const publicKey = "BEl62iUYgUivxIkv69yViEuiBIa-Ib9-SkvMeAtA3LFgDzkrxZJjSgSnfckjBJuBkr3qBUYIHBQFLXYp5Nksh8U";
