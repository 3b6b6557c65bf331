/**
 * The client library, inside the Worker: for doors that stream. Its sockets lead to the account's own objects and never leave the house,
 * so a door that maps frames to another protocol is a client like any other: it resumes, it acknowledges, it is told when its
 * credential ends.
 */
import type { Context } from "hono";
import { withAdmission } from "#access/admission";
import { type Client, createClient } from "#client/client";
import type { Socket, SocketConstructor } from "#client/connection";
import { connectionStub } from "../../durable-objects/environment.ts";
import { newId } from "../../durable-objects/platform.ts";
import type { Door } from "../authentication.ts";

/** Whoever makes one closes it: the door's own socket or stream ends with it. */
export function insideClient(context: Context<Door>, clientInfo: { name: string; title?: string; version: string }): Client {
  return createClient({ url: "inside", clientInfo, WebSocket: insideSockets(context) });
}

function insideSockets(context: Context<Door>): SocketConstructor {
  const caller = context.get("caller");
  return class implements Socket {
    onopen: ((event: never) => void) | null = null;
    onmessage: ((event: never) => void) | null = null;
    onclose: ((event: never) => void) | null = null;
    onerror: ((event: never) => void) | null = null;
    private socket: WebSocket | null = null;
    private isOver = false;

    constructor() {
      void this.open().catch(() => this.end(1006, "the connection's object cannot be reached"));
    }

    send(text: string): void {
      try {
        this.socket?.send(text);
      } catch {
        // It is over, and its end is told.
      }
    }

    close(): void {
      this.isOver = true;
      try {
        this.socket?.close();
      } catch {
        // It was closed already.
      }
    }

    private async open(): Promise<void> {
      const upgrade = new Request("http://inside/", { headers: { upgrade: "websocket" } });
      const stub = connectionStub(context.env, `${caller.account}/${newId()}`);
      const { webSocket } = await stub.fetch(withAdmission(upgrade, caller));
      if (!webSocket) throw new Error("no socket");
      webSocket.accept();
      if (this.isOver) return webSocket.close();
      this.socket = webSocket;
      webSocket.addEventListener("message", ({ data }) => this.onmessage?.({ data } as never));
      webSocket.addEventListener("close", ({ code, reason }) => this.end(code, reason));
      webSocket.addEventListener("error", () => this.end(1006, "lost"));
      this.onopen?.({} as never);
    }

    private end(code: number, reason: string): void {
      if (this.isOver) return;
      this.close();
      this.onclose?.({ code, reason } as never);
    }
  };
}
