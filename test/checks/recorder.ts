/**
 * A wire tap between a WebSocket client and a server. It passes bytes on as they are, so that neither side talks to anything but the
 * other, and reads along: every message, both ways. Cleartext sockets without extensions, as Codex's clients use on loopback.
 */
import { connect, createServer, type Socket } from "node:net";
import type { WireMessage } from "../support/codex-transcripts.ts";

export interface RecordedMessage {
  /** The client's sockets are counted from 1: a reconnect is a new one. */
  connection: number;
  to: "client" | "server";
  atMs: number;
  message: WireMessage;
}

export interface Recorder {
  /** `ws://127.0.0.1:<port>`, for the client. */
  wsUrl: string;
  port: number;
  messages: readonly RecordedMessage[];
  /** How many sockets clients have opened and got through to the server. */
  readonly connections: number;
  close(): void;
}

/** Listens on a port of its own and connects each client to `serverPort`. A server that is not there looks to the client like one. */
export async function startRecorder(serverPort: number): Promise<Recorder> {
  const messages: RecordedMessage[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener = createServer((client) => {
    const server = connect(serverPort, "127.0.0.1");
    let connection = 0;
    server.once("connect", () => {
      connections += 1;
      connection = connections;
    });
    const read = (to: "client" | "server") =>
      messageReader((text) => messages.push({ connection, to, atMs: Date.now(), message: JSON.parse(text) }));
    join(client, server, read("server"));
    join(server, client, read("client"));
    for (const socket of [client, server]) sockets.add(socket.on("close", () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });
  const address = listener.address();
  if (!address || typeof address !== "object") throw new Error("a listener on a port has an address");
  return {
    wsUrl: `ws://127.0.0.1:${address.port}`,
    port: address.port,
    messages,
    get connections() {
      return connections;
    },
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** One direction. When one side is gone, so is the other, as it would be without us: a server that was killed closes nothing properly. */
function join(from: Socket, to: Socket, read: (bytes: Buffer) => void): void {
  from.on("data", (bytes) => {
    to.write(bytes);
    read(bytes);
  });
  from.on("error", () => to.destroy());
  from.on("end", () => to.end());
  from.on("close", () => to.destroy());
}

/** Reads a direction's bytes: the HTTP head, then frames by RFC 6455, section 5.2. Gives the text of each whole message. */
function messageReader(onText: (text: string) => void): (bytes: Buffer) => void {
  let buffer: Buffer = Buffer.alloc(0);
  let isPastHead = false;
  let fragments: Buffer[] = [];
  return (bytes) => {
    buffer = buffer.length === 0 ? bytes : Buffer.concat([buffer, bytes]);
    if (!isPastHead) {
      const end = buffer.indexOf("\r\n\r\n");
      if (end === -1) return;
      isPastHead = true;
      buffer = buffer.subarray(end + 4);
    }
    for (let frame = readFrame(buffer); frame; frame = readFrame(buffer)) {
      buffer = buffer.subarray(frame.bytes);
      // Text, or the continuation of one. Close, ping and pong may come between the fragments of a message.
      if (frame.opcode > 1) continue;
      fragments.push(frame.payload);
      if (!frame.isFinal) continue;
      onText(Buffer.concat(fragments).toString());
      fragments = [];
    }
  };
}

function readFrame(buffer: Buffer): { opcode: number; isFinal: boolean; payload: Buffer; bytes: number } | null {
  if (buffer.length < 2) return null;
  const [first = 0, second = 0] = buffer;
  const short = second & 0x7f;
  const extendedBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskBytes = second & 0x80 ? 4 : 0;
  const headBytes = 2 + extendedBytes + maskBytes;
  if (buffer.length < headBytes) return null;
  const length = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short;
  if (buffer.length < headBytes + length) return null;
  const payload = Buffer.from(buffer.subarray(headBytes, headBytes + length));
  const mask = buffer.subarray(2 + extendedBytes, headBytes);
  if (maskBytes > 0) for (let at = 0; at < length; at += 1) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload, bytes: headBytes + length };
}
