/** `npm run thread -- export THREAD`: what a thread holds, for people and their tools. */
import { once } from "node:events";
import { createClient } from "#client/client";
import { parseThreadCommand, type ThreadCommand, threadUsage } from "./thread-arguments.ts";
import { exportedText } from "./thread-export.ts";
import { whyUnreachable } from "./unreachable.ts";

// Whoever reads, say `head`, may have read enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await main();

async function main(): Promise<number> {
  const parsed = parseThreadCommand(process.argv.slice(2), process.env);
  switch (parsed.type) {
    case "help":
      console.log(threadUsage);
      return 0;
    case "wrong":
      console.error(`${parsed.reason}\n\n${threadUsage}`);
      return 2;
    case "run":
      return run(parsed.command);
    default:
      return parsed satisfies never;
  }
}

async function run({ threadId, format, url, token }: ThreadCommand): Promise<number> {
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
    // What reads slowly, say a pager, is waited for.
    for await (const text of exportedText(client, threadId, format)) {
      if (!process.stdout.write(text)) await once(process.stdout, "drain");
    }
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    client.close();
  }
}
