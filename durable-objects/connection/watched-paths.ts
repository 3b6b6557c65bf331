/** The watches of one connection: which thread's workspace each is on. They stay with the socket, so that they end with it. */
import { limits } from "#core/limits";
import { Refusal, refusals } from "#protocol/errors";
import type { Request } from "#protocol/methods";
import type { Reply } from "#thread/reply";

export interface WatchedPath {
  watchId: string;
  threadId: string;
}

/** What they need of the session they belong to. */
interface Watcher {
  watches(): WatchedPath[];
  ask(threadId: string, request: Request): Promise<Reply>;
  /** Keeps them with the socket; throws a `Refusal` where they do not fit. */
  keep(watches: WatchedPath[]): void;
}

export class WatchedPaths {
  private readonly watcher: Watcher;

  constructor(watcher: Watcher) {
    this.watcher = watcher;
  }

  /** The threads that have to hear when the socket closes. */
  get threadIds(): string[] {
    return this.watcher.watches().map(({ threadId }) => threadId);
  }

  has({ watchId, threadId }: WatchedPath): boolean {
    return this.watcher.watches().some((watch) => watch.watchId === watchId && watch.threadId === threadId);
  }

  async watch(threadId: string, request: Extract<Request, { method: "fs/watch" }>): Promise<Reply> {
    const { watchId } = request.params;
    const watches = this.watcher.watches();
    if (watches.some((watch) => watch.watchId === watchId)) {
      throw new Refusal(refusals.invalidRequestText(`watchId already exists: ${watchId}`));
    }
    const { watchesPerSocketMax, watchIdCharactersMax } = limits;
    if (watchId.length > watchIdCharactersMax) {
      throw new Refusal(refusals.invalidRequestText(`a watchId holds at most ${watchIdCharactersMax} characters`));
    }
    if (watches.length >= watchesPerSocketMax) {
      throw new Refusal(refusals.invalidRequestText(`this connection has ${watchesPerSocketMax} watches already; unwatch one`));
    }
    // Before the thread knows of it: the socket may close at any moment, and then the thread has to be told.
    this.watcher.keep([...watches, { watchId, threadId }]);
    const reply = await this.watcher.ask(threadId, request);
    if ("refused" in reply) this.forget(watchId);
    return reply;
  }

  async unwatch(request: Extract<Request, { method: "fs/unwatch" }>): Promise<void> {
    const { watchId } = request.params;
    const watch = this.watcher.watches().find((one) => one.watchId === watchId);
    if (!watch) return;
    this.forget(watchId);
    // Refused where the thread was deleted meanwhile, and the watch with it.
    await this.watcher.ask(watch.threadId, request);
  }

  private forget(watchId: string): void {
    this.watcher.keep(this.watcher.watches().filter((watch) => watch.watchId !== watchId));
  }
}
