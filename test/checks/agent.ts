/**
 * `npm start` and `npm run agent` as a person uses them: a real folder of a few hundred files goes along, the diff is shown, a yes writes the
 * change back, a no does not, and a thread is taken up again. The server is the one that `npm start` brings up.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectRoot } from "./server.ts";

interface Run {
  code: number | null;
  output: string;
}

const filesMade = 320;
const workplace = mkdtempSync(join(tmpdir(), "spindle-agent-"));
const folder = join(workplace, "folder");
const results: { title: string; problem: string | null }[] = [];
let server = null as ChildProcess | null;
/** Whatever the operator of this machine has set must not be what is tried here. */
const nothingConfigured = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPENAI|SPINDLE)_/.test(name)));

try {
  makeFolder();
  await step("npm start lets no other machine in without a credential, and names a setting that is wrong", async () => {
    must(await refusal(["--ip", "0.0.0.0"], {}), "needs a password: set SPINDLE_TOKEN");
    must(await refusal([], { SPINDLE_JWT_SECRET: "short" }), "SPINDLE_JWT_SECRET needs at least 32 bytes.");
  });
  const port = await freePort();
  const started = await start(port);
  await step("npm start names the page, the line for codex and the model", async () => {
    for (const line of [`http://127.0.0.1:${port}`, `codex --remote ws://127.0.0.1:${port}`, "rehearsal"]) must(started, line);
  });
  await step("the page is served", async () => {
    const page = await fetch(`http://127.0.0.1:${port}/`);
    must(await page.text(), "<script");
  });

  let threadId = "";
  await step(`a yes writes the change back into a folder of ${filesMade} files`, async () => {
    const prompt =
      'replace "export const name7 = 7" with "export const name7 = 77" in src/part3/file7.ts\nrun ls src/part3 | wc -l';
    const run = await agent(port, "y\n", prompt);
    must(run.output, "-export const name7 = 7");
    must(run.output, "+export const name7 = 77");
    equal(run.code, 0);
    equal(read("src/part3/file7.ts"), "export const name7 = 77;\n");
    threadId = /--resume ([0-9a-f-]{36})/.exec(run.output)?.[1] ?? "";
    must(run.output, "--resume");
  });
  await step("a no leaves the folder as it is", async () => {
    const run = await agent(port, "n\n", "write src/new.ts: nothing");
    equal(run.code, 0);
    equal(existsSync(join(folder, "src/new.ts")), false);
  });
  await step("a shell loop over many files is one question, and lands whole", async () => {
    const run = await agent(port, "y\n", "run for f in src/part1/*.ts; do echo '// seen' >> $f; done");
    equal(run.code, 0);
    equal(run.output.split("[y").length - 1 <= 1, true);
    const changed = execFileSync("git", ["status", "--porcelain", "src/part1"], { cwd: folder }).toString().trim().split("\n");
    equal(changed.length, filesMade / 4);
  });
  await step("what .gitignore names stays at home", async () => {
    const run = await agent(port, "", "run cat secret.env build/out.js");
    must(run.output, "No such file");
  });
  await step("--resume goes on with the thread", async () => {
    const run = await agent(port, "y\n", "run cat src/part3/file7.ts\ndelete src/part0/file8.ts", ["--resume", threadId]);
    must(run.output, "name7 = 77");
    equal(existsSync(join(folder, "src/part0/file8.ts")), false);
  });
  await step("npm run thread writes the whole thread, for machines and for people", async () => {
    const json = JSON.parse(thread(port, "export", threadId).stdout);
    equal(
      json.entries.some(({ item }: { item?: { type: string } }) => item?.type === "fileChange"),
      true,
    );
    equal(
      json.entries.some(({ answer }: { answer?: { decision: string } }) => answer?.decision === "accept"),
      true,
    );
    must(thread(port, "export", threadId, "--format", "markdown").stdout, "+export const name7 = 77");
    must(thread(port, "export", crypto.randomUUID()).stderr, "thread not found");
  });
  await step("another account's token cannot take the thread up, nor learn that it is there", async () => {
    const made = token(port, "create", "--account", "bob");
    const bobs = /spindle_[0-9a-f]{16}_[\w-]{43}/.exec(made)?.[0] ?? "";
    const never = crypto.randomUUID();
    const resume = async (id: string) => {
      const run = await agent(port, "", "say hi", ["--token", bobs, "--resume", id]);
      return { ...run, output: run.output.replaceAll(id, "<id>") };
    };
    const [hers, nobodys] = [await resume(threadId), await resume(never)];
    must(hers.output, "Thread <id> cannot be resumed: no rollout found for thread id <id>");
    equal(hers.output, nobodys.output);
    equal(hers.code, nobodys.code);
    const own = await agent(port, "", "say hi", ["--token", bobs]);
    equal(own.code, 0);
    must(token(port, "list"), "bob");
    token(port, "revoke", bobs.split("_")[1] ?? "");
    must((await agent(port, "", "say hi", ["--token", bobs])).output, "wants another token");
  });
  await step("no server is a plain sentence", async () => {
    const run = await agent(await freePort(), "", "say hi");
    must(run.output, "npm start");
    equal(run.code === 0, false);
  });
} finally {
  if (server?.pid) process.kill(-server.pid, "SIGTERM");
  rmSync(workplace, { recursive: true, force: true });
}

const failed = results.filter(({ problem }) => problem !== null).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function step(title: string, run: () => Promise<void>): Promise<void> {
  const problem = await run().then(
    () => null,
    (error) => (error instanceof Error ? error.message : String(error)),
  );
  results.push({ title, problem });
  console.log(`${problem === null ? "ok    " : "FAILED"} ${title}${problem === null ? "" : `\n       ${problem}`}`);
}

function makeFolder(): void {
  for (let index = 0; index < filesMade; index++) {
    put(`src/part${index % 4}/file${index}.ts`, `export const name${index} = ${index};\n`);
  }
  put(".gitignore", "build/\n*.env\n");
  put("build/out.js", "built\n");
  put("secret.env", "KEY=1\n");
  const git = (...parameters: string[]) =>
    execFileSync("git", ["-c", "user.name=check", "-c", "user.email=check@localhost", ...parameters], { cwd: folder });
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "-m", "before");
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function read(path: string): string {
  return readFileSync(join(folder, path), "utf8");
}

/** What `npm start` says when it does not start. */
async function refusal(parameters: string[], variables: Record<string, string>): Promise<string> {
  const env = { ...nothingConfigured, ...variables };
  const all = ["start", "--", "--port", String(await freePort()), ...parameters];
  const run = spawnSync("npm", all, { cwd: projectRoot, env, encoding: "utf8", timeout: 30_000 });
  equal(run.status, 1);
  return run.stderr;
}

/** Brings the server up and returns what it said when it was ready. */
function start(port: number): Promise<string> {
  const child = spawn("npm", ["start", "--", "--port", String(port), "--persist-to", join(workplace, "state")], {
    cwd: projectRoot,
    detached: true,
    env: nothingConfigured,
  });
  server = child;
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => reject(new Error(`the server did not come up:\n${said}`)), 90_000);
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      if (!/Spindle is ready[\s\S]*model/.test(said)) return;
      clearTimeout(timer);
      setTimeout(() => resolve(said), 200);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
  });
}

function token(port: number, ...parameters: string[]): string {
  const all = ["run", "--silent", "token", "--", ...parameters, "--url", `http://127.0.0.1:${port}`];
  return execFileSync("npm", all, { cwd: projectRoot }).toString();
}

function thread(port: number, ...parameters: string[]): { stdout: string; stderr: string } {
  const all = ["run", "--silent", "thread", "--", ...parameters, "--url", `http://127.0.0.1:${port}`];
  return spawnSync("npm", all, { cwd: projectRoot, encoding: "utf8" });
}

function agent(port: number, answers: string, prompt: string, more: string[] = []): Promise<Run> {
  const parameters = ["run", "--silent", "agent", "--", "--dir", folder, "--url", `ws://127.0.0.1:${port}`, ...more, prompt];
  const child = spawn("npm", parameters, { cwd: projectRoot });
  child.stdin.end(answers);
  return new Promise((resolve) => {
    let output = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("close", (code) => {
      clearTimeout(timer);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of a terminal are escapes.
      resolve({ code, output: output.replace(/\u001b\[[0-9;]*m/g, "") });
    });
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

function must(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`"${part}" is not in what was said:\n${text.slice(-1500)}`);
}

function equal(found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`found ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}
