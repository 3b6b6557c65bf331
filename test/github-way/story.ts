/** People at GitHub as they ask, look and say yes; and how GitHub stands afterwards, without what differs from run to run. */

import { app, people } from "../support/github/stage.ts";
import type { CheckRun, Flow } from "./flow.ts";

export interface Shown {
  id: number;
  user: { login: string };
  body: string;
}

export const commentsIn = (flow: Flow, issue: number) => flow.read<Shown[]>(`/issues/${issue}/comments?per_page=100`);

/** What we said in an issue, in order. */
export async function oursIn(flow: Flow, issue: number): Promise<string[]> {
  return (await commentsIn(flow, issue)).filter(({ user }) => user.login === `${app.slug}[bot]`).map(({ body }) => body);
}

/** The digits that the comment wants to be told; null when it asks for nothing. */
export async function digitsIn(flow: Flow, issue: number): Promise<string | null> {
  return /\/spindle approve ([0-9a-f]{16})/.exec((await oursIn(flow, issue)).join("\n"))?.[1] ?? null;
}

/** Somebody who may write asks for a change and says yes to every diff, until nothing is asked any more. */
export async function askAndApprove(flow: Flow, request: string, between: () => Promise<void> = async () => {}): Promise<number> {
  const issue = await flow.openIssue(people.writer, { title: "An issue", body: "a body" });
  await flow.say(people.writer, issue, `@${app.slug}\n${request}`);
  await flow.settle();
  await between();
  const approved = new Set<string>();
  for (let digits = await digitsIn(flow, issue); digits !== null && !approved.has(digits); digits = await digitsIn(flow, issue)) {
    approved.add(digits);
    await flow.say(people.writer, issue, `/spindle approve ${digits}`);
    await flow.settle();
    await between();
  }
  return issue;
}

export interface End {
  comments: string[];
  reactions: string[];
  /** Of each branch, the messages and trees of its commits, the newest first. */
  branches: Record<string, string[]>;
  pulls: string[];
  checkRuns: string[];
}

export async function endOf(flow: Flow, issue: number): Promise<End> {
  const branches: End["branches"] = {};
  for (const { name } of await flow.read<{ name: string }[]>("/branches?per_page=100")) {
    branches[plain(name)] = await commitsOf(flow, name);
  }
  const pulls =
    await flow.read<{ title: string; body: string; draft: boolean; head: { ref: string }; base: { ref: string } }[]>(
      "/pulls?state=all&per_page=100",
    );
  return {
    comments: (await oursIn(flow, issue)).map(plain),
    reactions: flow.stage.missing.reactions.map(({ target, content }) => `${target} ${content}`),
    branches,
    pulls: pulls.map(({ title, body, draft, head, base }) => plain(`${head.ref} → ${base.ref} ${draft} ${title}\n${body}`)),
    checkRuns: (await flow.checkRuns()).map(described),
  };
}

async function commitsOf(flow: Flow, branch: string): Promise<string[]> {
  const commits = await flow.read<{ commit: { message: string; tree: { sha: string } } }[]>(
    `/commits?sha=${branch}&per_page=100`,
  );
  return commits.map(({ commit }) => `${plain(commit.message)} ${commit.tree.sha}`);
}

function described({ name, status, conclusion, output }: CheckRun): string {
  return plain(`${name} ${status} ${conclusion} ${output.title}\n${output.summary}`);
}

/** Ids and hashes are others in every run. */
function plain(text: string): string {
  return text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>").replace(/\b[0-9a-f]{12,64}\b/g, "<hash>");
}
