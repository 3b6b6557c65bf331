/** Calls from a repository to a thread of its account. Each may be repeated: after a crash nobody knows whether it came through. */
import { githubApiLimits, githubTextLimits } from "#core/limits";
import { visibleLine } from "#core/visible-text";
import type { ThreadCall } from "#github/effect";
import { readGitHubSettings } from "#github/settings";
import { repositoryConnection } from "#github/thread-connection";
import { protocolVersion } from "#models/catalogue";
import type { WireError } from "#protocol/errors";
import type { Params, Request } from "#protocol/methods";
import type { AskedProposal } from "#thread/asked-proposal";
import type { Attached, Reply } from "#thread/reply";
import type { Entered, RepositoryEntry } from "#thread/repository-entry";
import { type Environment, threadStub } from "../environment.ts";

/** Who began the thread, as every client sees it. */
const client = { name: "spindle-github", version: protocolVersion };

/** Every change asks; commands change nothing but an overlay, and reach no network. */
const settings: Params<"thread/start"> = { approvalPolicy: "on-request" };

interface Place {
  account: string;
  threadId: string;
}

type Called = { text: string | null } | { refused: WireError };

/** What the thread refuses is a value. Throws when it cannot be reached. */
export async function callThread(environment: Environment, place: Place, call: ThreadCall): Promise<Called> {
  const { threadId } = place;
  const thread = callable(threadStub(environment, place.account, threadId));
  switch (call.type) {
    case "begin":
      return begin(environment, thread, threadId, call);
    case "fork":
      return fork(thread, call);
    case "request": {
      const reply = await thread.request(call.request, "github");
      return "refused" in reply ? reply : { text: reply.resultText };
    }
    case "respond":
      return refusedOr(await thread.respond(call.requestId, { result: call.result }));
    default:
      return call satisfies never;
  }
}

function refusedOr(refused: WireError | null): Called {
  return refused ? { refused } : { text: null };
}

/** What an approval of the thread was asked for; null when it waits for none any more. */
export async function readProposal(
  environment: Environment,
  { account, threadId }: Place,
  requestId: string,
): Promise<AskedProposal | null> {
  return callable(threadStub(environment, account, threadId)).askedProposal(requestId);
}

type Beginning = Extract<ThreadCall, { type: "begin" }>;

/** The repository follows the thread before anything happens in it, and the files are there before the model is asked. */
async function begin(environment: Environment, thread: CallableThread, threadId: string, call: Beginning): Promise<Called> {
  const follower = { connection: repositoryConnection(call.repositoryId), replay: true };
  const started = await thread.startThread(settings, client, follower);
  if ("refused" in started) {
    const resumed = await thread.resumeThread({ threadId, excludeTurns: true }, follower);
    if ("refused" in resumed) return resumed;
  }
  const { repositoryId, commitOid, guidesOid, key } = call;
  const entered = await thread.enterRepository({ repositoryId, commitOid, guidesOid, key, ...shownAs(environment, call) });
  if (entered.type === "busy") throw new Error(`a turn of ${threadId} still runs`);
  const text = entered.type === "begun" ? call.text : [call.text, ...repositoryNote(entered)].join("\n");
  const input = [{ type: "text" as const, text, text_elements: [] }];
  const params = { threadId, input, clientUserMessageId: call.key };
  const reply = await thread.request({ method: "turn/start", params }, follower.connection);
  return "refused" in reply ? reply : { text: reply.resultText };
}

/** The repository knows no talk of it, and leaves it to the account's clients as soon as it hears of it. */
async function fork(thread: CallableThread, { sourceId, repositoryId }: Extract<ThreadCall, { type: "fork" }>): Promise<Called> {
  const follower = { connection: repositoryConnection(repositoryId), replay: true };
  const forked = await thread.forkThread({ threadId: sourceId, excludeTurns: true }, client, follower);
  return "refused" in forked ? forked : { text: null };
}

/** As clients list it: `acme/widgets#12: The title`, and where its files come from. */
function shownAs(environment: Environment, { commitOid, about }: Beginning): Pick<RepositoryEntry, "name" | "gitInfo"> {
  const { repository, number, title, branch } = about;
  const settings = readGitHubSettings(environment);
  const originUrl = settings === null || "problem" in settings ? null : `${settings.siteUrl}/${repository}`;
  // GitHub leads on from an issue's address to the pull request where that is what the number is of.
  const conversationUrl = originUrl === null ? null : `${originUrl}/issues/${number}`;
  const name = `${repository}#${number}: ${visibleLine(title)}`.slice(0, githubTextLimits.threadNameCharactersMax);
  return { name, gitInfo: { sha: commitOid, branch, originUrl, conversationUrl } };
}

/** A model that takes the workspace for the whole repository would make anew what is only not here. */
function repositoryNote({ unread, missing, isTruncated }: Extract<Entered, { type: "entered" }>): string[] {
  const { count, named } = missing;
  const isWhole = count === 0 && !isTruncated;
  if (isWhole && unread === 0) return [];
  return [
    "",
    "<repository_note>",
    ...(unread > 0 ? [unreadLine(unread)] : []),
    ...(isWhole ? [] : ["These paths of the repository are not in the workspace, and must not be written:"]),
    ...named.map((path) => `- ${visibleLine(path).slice(0, 200)}`),
    ...(count > named.length ? [`- and ${count - named.length} more`] : []),
    ...(isTruncated ? ["- and others that GitHub did not list"] : []),
    "</repository_note>",
  ];
}

function unreadLine(unread: number): string {
  const { readsPerCommandMax, readsPerTurnMax } = githubApiLimits;
  return `${unread} files are listed in the workspace and fetched when they are read, at most ${readsPerCommandMax} by one command and ${readsPerTurnMax} in a turn: look for files by their names first, and search in those that matter.`;
}

/** The platform's own type of a call says less of its result. */
interface CallableThread {
  startThread(
    params: Params<"thread/start">,
    by: typeof client,
    subscriber: { connection: string; replay: boolean },
  ): Promise<Attached>;
  resumeThread(params: Params<"thread/resume">, subscriber: { connection: string; replay: boolean }): Promise<Attached>;
  forkThread(
    params: Params<"thread/fork">,
    by: typeof client,
    subscriber: { connection: string; replay: boolean },
  ): Promise<Attached>;
  enterRepository(entry: RepositoryEntry): Promise<Entered>;
  askedProposal(requestId: string): Promise<AskedProposal | null>;
  request(request: Request, connection: string): Promise<Reply>;
  respond(requestId: string, reply: { result: unknown }): Promise<WireError | null>;
}

function callable(thread: unknown): CallableThread {
  return thread as CallableThread;
}
