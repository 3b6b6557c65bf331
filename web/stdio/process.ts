/** What the bridges' processes have in common: three streams, and nothing but the protocol on stdout. */
import type { Address } from "#client/open-socket";
import { type ParsedArguments, usageOf } from "./arguments.ts";
import { bridgeLimits } from "./limits.ts";
import { Lines } from "./lines.ts";

/** Between a parent that speaks JSON lines and a server behind a socket that may drop. */
export interface LineBridge {
  /** One line of the parent. */
  receive(line: string): void;
  /** The parent reads no more, or reads again. */
  block(isBlocked: boolean): void;
  /** The parent has said everything: resolves when everything is answered, or nothing can be expected any more. */
  end(): Promise<void>;
  close(): void;
}

export interface BridgeOptions extends Address {
  /** One message for the parent. */
  write(line: string): void;
  /** A sentence for the person who looks into the parent's log. */
  note(sentence: string): void;
  /** The server will not have us, for good: nothing more will be written. */
  refused(reason: string): void;
  /** Asked when a socket did not open: why, if the server says so. */
  refusal(): Promise<string | null>;
  /** Unix milliseconds. */
  now?: () => number;
  /** In [0, 1). */
  random?: () => number;
}

const exitRefused = 1;
const exitUsage = 2;

/** `name` is the command's own, before whatever it says to a person. */
export function runBridge(
  name: "spindle-stdio" | "spindle-acp",
  parsed: ParsedArguments,
  bridgeOf: (options: BridgeOptions) => LineBridge,
): void {
  const note = (sentence: string) => void process.stderr.write(`${name}: ${sentence}\n`);
  // A function of its own name: only such a one tells TypeScript that nothing comes behind it.
  function end(code: number, sentence?: string): never {
    if (sentence !== undefined) note(sentence);
    process.exit(code);
  }
  if (parsed.type === "help") end(0, usageOf(name));
  if (parsed.type === "wrong") end(exitUsage, `${parsed.reason}\n\n${usageOf(name)}`);
  for (const argument of parsed.ignored) note(`${argument} means nothing here`);

  const { url, token } = parsed;
  const bridge = bridgeOf({
    url,
    ...(token === null ? {} : { token }),
    write: (line) => {
      process.stdout.write(`${line}\n`);
      if (process.stdout.writableLength > bridgeLimits.unreadBytesMax) bridge.block(true);
    },
    note,
    refused: (reason) => end(exitRefused, `${url} refused the connection: ${reason}`),
    refusal: () => refusalOf(url, token),
  });
  process.stdout.on("drain", () => bridge.block(false));
  // Nobody reads any more: there is nobody to go on for.
  process.stdout.on("error", () => end(0));

  const lines = new Lines(
    (line) => bridge.receive(line),
    () => note(`a line of more than ${bridgeLimits.lineBytesMax} characters, ignored`),
  );
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (piece: string) => lines.add(piece));
  process.stdin.on("end", async () => {
    lines.end();
    await bridge.end();
    bridge.close();
    // Behind everything that was written before.
    process.stdout.write("", () => end(0));
  });
}

/** A WebSocket does not tell what the server said instead of opening it; a plain request with the same credential does. */
async function refusalOf(url: string, token: string | null): Promise<string | null> {
  try {
    const response = await fetch(url.replace(/^ws/, "http"), {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(bridgeLimits.refusalTimeoutMs),
    });
    const text = await response.text();
    return response.status === 401 || response.status === 403 ? `${text || "forbidden"} (HTTP ${response.status})` : null;
  } catch {
    // Nobody is there, or not now: the next attempt finds out.
    return null;
  }
}
