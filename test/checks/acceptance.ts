/**
 * `npm run check:acceptance`: `smoke` and `acceptance` pass against a fresh server, with a token that its operator made, and each fails, in the
 * step that it should and in words that name the trouble, against one that is broken. Nothing is left of any thread.
 */
import { spawn } from "node:child_process";
import { createClient } from "#client/client";
import { type Fault, startBrokenFront } from "./acceptance/broken-front.ts";
import { freePort, projectRoot, startServer } from "./server.ts";

const operator = "fedcba9876543210fedcba9876543210";
const results: boolean[] = [];

const server = await startServer({
  env: { SPINDLE_TOKEN: "a-token-of-the-account-local", SPINDLE_OPERATOR_TOKEN: operator, SPINDLE_REHEARSAL_INTERVAL_MS: "20" },
});
const token = await tokenOf("stranger");
const front = await startBrokenFront(server.url, token);
try {
  await passes("smoke", front.url, 8);
  await passes("acceptance", front.url, 9);
  await fails("smoke", "noSocket", "does not speak the app server's protocol");
  await fails("smoke", "noPolicy", 'content-security-policy is ""');
  await fails("smoke", "doorsOpen", "/ answers 200 to nobody");
  await fails("acceptance", "noSocket", "does not speak the app server's protocol");
  await fails("acceptance", "frameLost", /heard frame (\d+) after frame \d+/);
  await fails("acceptance", "frameTwice", /heard frame (\d+) after frame \1\b/);
  await fails("acceptance", "replayFromTheStart", /heard frame 1 after frame \d+/);
  await fails("acceptance", "approvalIgnored", "nothing came within", ["--timeout", "8"]);
  await fails("acceptance", "hashIgnored", "a yes to another hash was taken");
  await fails("acceptance", "declineLands", "the declined change is completed");
  await fails("acceptance", "nothingDeleted", "thread/read still answers for the deleted thread");
  await front.breakBy("none");
  await failsAt("acceptance", "a wrong token", front.url, "wants another token", ["--token", "wrong"]);
  await failsAt("smoke", "a wrong token", front.url, "invalid websocket bearer token", ["--token", "wrong"]);
  await failsAt("acceptance", "no server", `http://127.0.0.1:${await freePort()}`, "There is no Spindle server");
  await failsAt("smoke", "another version", front.url, /version \S+ answers/, [
    "--timeout",
    "3",
    "--version",
    crypto.randomUUID(),
  ]);
  await nothingLeft();
} finally {
  await front.close();
  await server.close();
}
const failed = results.filter((isSo) => !isSo).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function passes(script: string, url: string, steps: number): Promise<void> {
  const { code, output } = await run(script, url, []);
  note(`${script} passes`, code === 0 && output.includes(`${steps} passed, 0 failed`), output);
}

async function fails(script: string, fault: Fault, words: string | RegExp, more: string[] = []): Promise<void> {
  await front.breakBy(fault);
  await failsAt(script, fault, front.url, words, more);
}

async function failsAt(script: string, how: string, url: string, words: string | RegExp, more: string[] = []): Promise<void> {
  const { code, output } = await run(script, url, more);
  const isNamed = typeof words === "string" ? output.includes(words) : words.test(output);
  note(`${script} fails by ${how}, and says so`, code === 1 && isNamed && /^\d+ passed, [1-9]\d* failed$/m.test(output), output);
}

/** Each run deleted its thread; the one whose deleting was broken left it, and is the proof that we would see one. */
async function nothingLeft(): Promise<void> {
  const client = createClient({ url: server.wsUrl, token, clientInfo: { name: "check-acceptance", version: "1" } });
  const { data } = await client.request("thread/list", {});
  client.close();
  note("no thread is left but the one whose deleting was broken", data.length === 1, data.map(({ id }) => id).join("\n"));
}

async function tokenOf(account: string): Promise<string> {
  const response = await fetch(`${server.url}/tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${operator}`, "content-type": "application/json" },
    body: JSON.stringify({ account }),
  });
  const { token } = (await response.json()) as { token: string };
  return token;
}

function run(script: string, url: string, more: string[]): Promise<{ code: number | null; output: string }> {
  const file = `web/terminal/acceptance/${script}.ts`;
  const child = spawn(process.execPath, [file, url, "--token", token, "--timeout", "40", ...more], { cwd: projectRoot });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output: Buffer.concat(said).toString() })));
}

function note(title: string, isSo: boolean, otherwise: string): void {
  results.push(isSo);
  console.log(`${isSo ? "ok    " : "FAILED"} ${title}${isSo ? "" : `\n${otherwise}`}`);
}
