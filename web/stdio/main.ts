/** `spindle-stdio`: the process. Nothing but the protocol goes to stdout. */
import { parseArguments, usage } from "./arguments.ts";
import { Bridge } from "./bridge.ts";
import { bridgeLimits } from "./limits.ts";
import { Lines } from "./lines.ts";

const exitRefused = 1;
const exitUsage = 2;

function main(): void {
  const parsed = parseArguments(process.argv.slice(2), process.env);
  if (parsed.type === "help") end(0, usage);
  if (parsed.type === "wrong") end(exitUsage, `${parsed.reason}\n\n${usage}`);
  for (const argument of parsed.ignored) note(`${argument} means nothing here`);

  const { url, token } = parsed;
  const bridge = new Bridge({
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

function note(sentence: string): void {
  process.stderr.write(`spindle-stdio: ${sentence}\n`);
}

function end(code: number, sentence?: string): never {
  if (sentence !== undefined) note(sentence);
  process.exit(code);
}

main();
