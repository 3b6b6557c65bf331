/** `npm run call -- METHOD PARAMS`: one question to a server, for operators and their scripts. */
import { createClient } from "#client/client";
import type { MethodName } from "#protocol/methods";
import { type CallCommand, callUsage, parseCallCommand } from "./call-arguments.ts";
import { obey } from "./command-line.ts";
import { whyUnreachable } from "./unreachable.ts";

process.exitCode = await obey(parseCallCommand(process.argv.slice(2), process.env), callUsage, run);

async function run({ method, params, url, token }: CallCommand): Promise<number> {
  const unreachable = Promise.withResolvers<never>();
  unreachable.promise.catch(() => {});
  const client = createClient({
    url,
    ...(token === null ? {} : { token }),
    clientInfo: { name: "spindle-call", title: "Spindle in the terminal", version: "1" },
    // One lost socket ends it: who asks by hand wants to hear that, and asks again.
    onStateChange: ({ type }) => {
      if (type === "waiting") void whyUnreachable(url, token).then((why) => unreachable.reject(new Error(why)));
    },
  });
  try {
    await Promise.race([client.ready, unreachable.promise]);
    // The server judges method and params: it names what is wrong with them.
    const asked = client.request(method as MethodName, params as never, { isIdempotent: false });
    console.log(JSON.stringify(await Promise.race([asked, unreachable.promise])));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    client.close();
  }
}
