/** A WebSocket client down on TCP, which can do what no library does: stop reading, read slowly, and vanish without a word. */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface RawMessage {
  id?: string | number;
  method?: string;
  seq?: number;
  // The border is the check's own to judge: it compares texts, and looks into what it knows.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  result?: any;
  error?: { code: number; message: string };
}

export class RawClient {
  /** Every message that came, in order, with its very text, if nobody else takes them. */
  onMessage: (message: RawMessage, text: string) => void = () => {};
  /** The server's close code, once it was read. */
  closeCode: number | null = null;
  /** UTF-16 units of the messages that were read. */
  readCharacters = 0;
  readonly ended: Promise<void>;
  private readonly socket: Socket;
  private readonly waiting = new Map<number, (message: RawMessage) => void>();
  private lastId = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private isPastHead = false;
  private fragments: Buffer[] = [];

  /** `headers` are of the upgrade. Whether it was accepted shows when a request is answered, or the socket ends. */
  static async open(port: number, headers: Record<string, string> = {}): Promise<RawClient> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const client = new RawClient(socket);
    const key = randomBytes(16).toString("base64");
    const lines = Object.entries({
      host: `127.0.0.1:${port}`,
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-key": key,
      "sec-websocket-version": "13",
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`);
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    socket.on("data", (bytes) => this.read(bytes));
  }

  // biome-ignore lint/suspicious/noExplicitAny: a check knows what it asked for
  async request(method: string, params: object = {}): Promise<any> {
    return (await this.ask(method, params)).result;
  }

  /** The same with the answer's own `seq`. Never settles where the socket ends first. */
  ask(method: string, params: object = {}): Promise<RawMessage> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (message) =>
        message.error ? reject(new Error(`${method}: ${message.error.message}`)) : resolve(message),
      );
      this.send({ id, method, params });
    });
  }

  send(message: object): void {
    this.write(1, Buffer.from(JSON.stringify(message)));
  }

  /** Reads nothing any more: the kernel's buffers fill, then the server's. */
  stopReading(): void {
    this.socket.pause();
  }

  goOnReading(): void {
    this.socket.resume();
  }

  /** As a telephone in a tunnel: no close, no more packets of ours. */
  vanish(): void {
    this.socket.destroy();
  }

  /** RFC 6455, section 5.2; a client masks what it sends. */
  private write(opcode: number, payload: Buffer): void {
    const mask = randomBytes(4);
    const length = payload.length;
    const head = length < 126 ? Buffer.alloc(2) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
    if (head.length === 4) head.writeUInt16BE(length, 2);
    if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
    this.socket.write(Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]));
  }

  private read(bytes: Buffer): void {
    this.buffer = this.buffer.length === 0 ? bytes : Buffer.concat([this.buffer, bytes]);
    if (!this.isPastHead) {
      const end = this.buffer.indexOf("\r\n\r\n");
      if (end === -1) return;
      this.isPastHead = true;
      this.buffer = this.buffer.subarray(end + 4);
    }
    for (let frame = this.frame(); frame !== null; frame = this.frame()) this.take(frame);
  }

  private frame(): { opcode: number; isLast: boolean; payload: Buffer } | null {
    const { buffer } = this;
    if (buffer.length < 2) return null;
    const short = (buffer[1] ?? 0) & 0x7f;
    const headLength = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (buffer.length < headLength) return null;
    const length = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short;
    if (buffer.length < headLength + length) return null;
    this.buffer = buffer.subarray(headLength + length);
    const [first = 0] = buffer;
    return { opcode: first & 0x0f, isLast: (first & 0x80) !== 0, payload: buffer.subarray(headLength, headLength + length) };
  }

  private take({ opcode, isLast, payload }: { opcode: number; isLast: boolean; payload: Buffer }): void {
    if (opcode === 8) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.write(8, payload);
      this.socket.end();
    }
    if (opcode > 2) return;
    this.fragments.push(payload);
    if (!isLast) return;
    const text = Buffer.concat(this.fragments.splice(0)).toString();
    this.readCharacters += text.length;
    const message = JSON.parse(text) as RawMessage;
    const waiting = message.method === undefined ? this.waiting.get(Number(message.id)) : undefined;
    if (waiting) {
      this.waiting.delete(Number(message.id));
      waiting(message);
    } else this.onMessage(message, text);
  }
}
