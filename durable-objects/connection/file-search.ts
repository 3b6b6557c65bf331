/** Searches of one connection: each root is asked of the thread whose workspace holds it; those that somebody types into stay with the socket. */
import { limits } from "#core/limits";
import { type Notice, notice } from "#protocol/connection-notifications";
import { Refusal, refusals } from "#protocol/errors";
import type { FuzzyFileSearchResult } from "#protocol/file-search-methods";
import type { Params, Request, Result } from "#protocol/methods";
import type { Reply } from "#thread/reply";
import { byScore } from "#workspace/search";

export interface SearchSession {
  sessionId: string;
  roots: string[];
}

/** What a search needs of the session it belongs to. */
export interface Searcher {
  /** Null where no workspace of the connection holds the path. */
  threadAt(path: string): string | null;
  ask(threadId: string, request: Request): Promise<Reply>;
  tell(notice: Notice): void;
  now(): number;
  /** Keeps the sessions with the socket; throws a `Refusal` where they do not fit. */
  keepSearches(searches: SearchSession[]): void;
}

export class FileSearch {
  private readonly searcher: Searcher;
  /** The newest query of each session, so that a slow answer to an older one is not told. */
  private readonly queries = new Map<string, symbol>();

  constructor(searcher: Searcher) {
    this.searcher = searcher;
  }

  async find({ query, roots, threadId }: Params<"fuzzyFileSearch">): Promise<Result<"fuzzyFileSearch">> {
    requireShort(query);
    if (query === "") return { files: [] };
    const found = await Promise.all(
      roots.slice(0, limits.searchRootsMax).map((root) => this.findBelow(root, query, threadId ?? this.searcher.threadAt(root))),
    );
    return { files: found.flat().sort(byScore).slice(0, limits.foundFilesMax) };
  }

  start(
    sessions: SearchSession[],
    { sessionId, roots }: Params<"fuzzyFileSearch/sessionStart">,
  ): Result<"fuzzyFileSearch/sessionStart"> {
    if (sessionId === "") throw new Refusal(refusals.invalidRequestText("sessionId must not be empty"));
    const others = sessions.filter((session) => session.sessionId !== sessionId);
    if (others.length >= limits.searchSessionsMax || roots.length > limits.searchRootsMax) {
      const { searchSessionsMax, searchRootsMax } = limits;
      const most = `${searchSessionsMax} searches of ${searchRootsMax} roots`;
      throw new Refusal(refusals.invalidRequestText(`this connection may have ${most}; stop one`));
    }
    this.searcher.keepSearches([...others, { sessionId, roots }]);
    this.queries.delete(sessionId);
    return {};
  }

  /** The caller answers first and then lets `tell` run. */
  update(
    sessions: SearchSession[],
    { sessionId, query }: Params<"fuzzyFileSearch/sessionUpdate">,
  ): { tell: () => Promise<void> } {
    requireShort(query);
    const session = sessions.find((one) => one.sessionId === sessionId);
    if (!session) throw new Refusal(refusals.invalidRequestText(`fuzzy file search session not found: ${sessionId}`));
    const asked = Symbol(query);
    this.queries.set(sessionId, asked);
    return {
      tell: async () => {
        const { files } = await this.find({ query, roots: session.roots });
        if (this.queries.get(sessionId) !== asked) return;
        const now = this.searcher.now();
        this.searcher.tell(notice("fuzzyFileSearch/sessionUpdated", { sessionId, query, files }, now));
        this.searcher.tell(notice("fuzzyFileSearch/sessionCompleted", { sessionId }, now));
      },
    };
  }

  stop(sessions: SearchSession[], { sessionId }: Params<"fuzzyFileSearch/sessionStop">): Result<"fuzzyFileSearch/sessionStop"> {
    this.queries.delete(sessionId);
    this.searcher.keepSearches(sessions.filter((session) => session.sessionId !== sessionId));
    return {};
  }

  private async findBelow(root: string, query: string, threadId: string | null): Promise<FuzzyFileSearchResult[]> {
    if (threadId === null) return [];
    const params = { query, roots: [root], threadId };
    const reply = await this.searcher.ask(threadId, { method: "fuzzyFileSearch", params });
    // A thread that was deleted in the meantime holds no files.
    if ("refused" in reply) return [];
    return (JSON.parse(reply.resultText) as Result<"fuzzyFileSearch">).files;
  }
}

function requireShort(query: string): void {
  if (query.length <= limits.searchQueryCharactersMax) return;
  throw new Refusal(refusals.invalidRequestText(`a query holds at most ${limits.searchQueryCharactersMax} characters`));
}
