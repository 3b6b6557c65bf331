/**
 * Spindle and a GitHub of one's own on this machine: the emulator with a repository and an issue, and the Worker as its App. Nothing leaves
 * the machine, and nothing is kept. `npm run github:local`, ended by Ctrl-C; `-- --once` plays what it prints, and ends.
 */
import { people } from "./stage.ts";
import { openStagedWorker } from "./staged-worker.ts";

const { stage, server, close } = await openStagedWorker();
const repository = `${stage.url}/repos/acme/widgets`;
const headers = { authorization: `Bearer token-of-${people.writer}`, "content-type": "application/json" };
const issue = await post("/issues", { title: "A note is missing", body: "Write docs/note.txt." });
const comments = `/issues/${issue.number}/comments`;
const asked = { body: "/spindle run\nwrite docs/note.txt: alpha\n\nsay it is written" };

console.log(`
GitHub is at ${stage.url} with acme/widgets, Spindle at ${server.url}.
${people.writer} may write and ${people.stranger} may not; their tokens are token-of-${people.writer} and token-of-${people.stranger}.

Ask for something in issue ${issue.number} (the model is a rehearsal, which does what the lines say):
  ${curl(comments)} -d '${JSON.stringify(asked).replaceAll("'", "'\\''")}'
Read what was answered:
  ${curl(comments)}
Approve the diff by the line that the comment shows:
  ${curl(comments)} -d '{"body":"/spindle approve …"}'
See the commit and the draft pull request:
  ${curl("/pulls")}
`);

if (process.argv.includes("--once")) {
  await post(comments, asked);
  const [approve] = await until(/\/spindle approve [0-9a-f]{16}/);
  console.log(approve);
  await post(comments, { body: approve });
  console.log((await until(/\*\*Spindle\*\* committed .*/))[0]);
  await close();
  process.exit(stage.problems.length === 0 ? 0 : 1);
}

function curl(path: string): string {
  return `curl -s -H 'authorization: Bearer token-of-${people.writer}' ${repository}${path}`;
}

async function post(path: string, body: object): Promise<{ number: number }> {
  const response = await fetch(`${repository}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as { number: number };
}

async function until(pattern: RegExp): Promise<RegExpExecArray> {
  for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs; await new Promise((go) => setTimeout(go, 200))) {
    const found = (await (await fetch(`${repository}${comments}`, { headers })).json()) as { body: string }[];
    const match = pattern.exec(found.map(({ body }) => body).join("\n"));
    if (match) return match;
  }
  throw new Error(`no comment says ${pattern}`);
}
