/** `npm run thread`: what a thread holds, for people and their tools; and a thread made of a copy. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { type Client, createClient } from "#client/client";
import { obey } from "./command-line.ts";
import { parseThreadCommand, type ThreadCommand, threadUsage } from "./thread-arguments.ts";
import { exportedText } from "./thread-export.ts";
import { importCopy } from "./thread-import.ts";
import { whyUnreachable } from "./unreachable.ts";

// Whoever reads, say `head`, may have read enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await obey(parseThreadCommand(process.argv.slice(2), process.env), threadUsage, run);

async function run(command: ThreadCommand): Promise<number> {
  const { url, token } = command;
  const unreachable = Promise.withResolvers<never>();
  unreachable.promise.catch(() => {});
  let wasOnline = false;
  const client = createClient({
    url,
    ...(token === null ? {} : { token }),
    clientInfo: { name: "spindle-thread", title: "Spindle in the terminal", version: "1" },
    onStateChange: ({ type }) => {
      wasOnline ||= type === "online";
      if (type === "waiting" && !wasOnline) void whyUnreachable(url, token).then((why) => unreachable.reject(new Error(why)));
    },
  });
  try {
    await Promise.race([client.ready, unreachable.promise]);
    await (command.type === "export" ? write(client, command) : read(client, command));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    client.close();
  }
}

async function write(client: Client, { threadId, format }: Extract<ThreadCommand, { type: "export" }>): Promise<void> {
  for await (const text of exportedText(client, threadId, format)) {
    // What reads slowly, say a pager, is waited for.
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  }
}

async function read(client: Client, { file }: Extract<ThreadCommand, { type: "import" }>): Promise<void> {
  const threadId = randomUUID();
  // npm runs scripts in the package's folder; INIT_CWD is where the person stands.
  const pieces = createReadStream(resolve(process.env.INIT_CWD ?? ".", file), { encoding: "utf8" });
  await importCopy(client, pieces, threadId);
  console.log(threadId);
}
