/** One thread that the parent follows: what it has been told, so that it is told everything once, in order, over many sockets. */
import type { RequestId } from "#protocol/json-rpc";

/** What a message of the server says about its thread. */
export interface ThreadFrame {
  id?: RequestId;
  seq?: number;
}

export class FollowedThread {
  readonly id: string;
  /** Its frames come over this socket: it was begun, resumed or taken up again on it. */
  isAttached = true;
  failedAttempts = 0;
  /** The last frame that the parent has; null until the first one of a thread whose beginning is not 1. */
  private cursor: number | null;
  private readonly head: number;
  /** Requests of the server that the parent has and nobody has answered yet. */
  private readonly asked = new Set<RequestId>();

  /** `cursor`: the parent has everything up to there; null: whatever comes first. `head`: where the thread stood when it was attached. */
  constructor(id: string, cursor: number | null, head: number) {
    this.id = id;
    this.cursor = cursor;
    this.head = head;
  }

  get afterSeq(): number {
    return this.cursor ?? this.head;
  }

  /**
   * Whether the parent gets it. A request that is asked again on a new socket has the id and number it had; frames that are no part of
   * the log (what a message said so far, told after a plain resume) have no number.
   */
  takes({ id, seq }: ThreadFrame): boolean {
    const isNew = seq === undefined || this.cursor === null || seq > this.cursor;
    if (seq !== undefined && isNew) this.cursor = seq;
    if (id === undefined) return isNew;
    if (this.asked.has(id)) return false;
    this.asked.add(id);
    return true;
  }

  isAsked(id: RequestId): boolean {
    return this.asked.has(id);
  }

  resolved(id: RequestId): void {
    this.asked.delete(id);
  }
}
