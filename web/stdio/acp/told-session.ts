/** One session as the editor was told it, so that it is told everything once, in order, over many sockets. */
import { bridgeLimits } from "../limits.ts";

/** The parameters of `session/update`, as far as the bridge reads them. */
export interface UpdateParams {
  sessionId: string;
  update: { sessionUpdate: string; messageId?: string; content?: { type: string; text: string } };
  _meta?: { spindle?: { seq?: number; offset?: number; clientUserMessageId?: string } };
}

export class ToldSession {
  readonly id: string;
  readonly cwd: string;
  /** The session's updates come over this socket. */
  isAttached = false;
  /** The editor's own `session/load` or `session/resume` has no answer yet: sent again, it goes on where it was. */
  isOpening = true;
  failedAttempts = 0;
  /** The last frame that the editor has something of, or was said to have; null until it is known. */
  private cursor: number | null = null;
  /** Updates of that frame that the editor has. */
  private parts = 0;
  /** Those that come again on this socket. */
  private again = 0;
  /** Characters of messages and thoughts that the editor has, by their ids; the newest. */
  private readonly characters = new Map<string, number>();
  private commands = "";
  /** Keys of what the editor said itself. */
  private readonly ownKeys = new Set<string>();

  constructor(id: string, cwd: string) {
    this.id = id;
    this.cwd = cwd;
  }

  /** The editor said it: it needs not hear it. */
  said(key: string): void {
    this.ownKeys.add(key);
    const [oldest] = this.ownKeys;
    if (oldest !== undefined && this.ownKeys.size > bridgeLimits.rememberedMax) this.ownKeys.delete(oldest);
  }

  /** The server said that the editor has everything up to there. */
  reached(seq: number): void {
    if (this.cursor !== null && seq <= this.cursor) return;
    this.cursor = seq;
    this.parts = 0;
  }

  /** What the next socket is asked for; null: everything, or nothing, as the editor asked. A frame that was told in part is told again. */
  takeUp(): number | null {
    this.again = this.parts;
    if (this.cursor === null) return null;
    return this.parts > 0 ? this.cursor - 1 : this.cursor;
  }

  /** The update as the editor is to get it; null where it has it. */
  take(params: UpdateParams): UpdateParams | null {
    const { seq, offset, clientUserMessageId } = params._meta?.spindle ?? {};
    if (clientUserMessageId !== undefined && this.ownKeys.has(clientUserMessageId)) return null;
    if (seq === undefined) return this.takeUnnumbered(params);
    if (this.cursor !== null && seq < this.cursor) return null;
    if (seq === this.cursor) {
      if (this.again > 0) {
        this.again -= 1;
        return null;
      }
      this.parts += 1;
    } else {
      this.cursor = seq;
      this.parts = 1;
      this.again = 0;
    }
    return offset === undefined ? params : this.takeText(params, offset);
  }

  /** Commands are said on each socket anew. */
  private takeUnnumbered(params: UpdateParams): UpdateParams | null {
    const text = JSON.stringify(params.update);
    if (text === this.commands) return null;
    this.commands = text;
    return params;
  }

  /** Streamed text leaves the log ten minutes after its turn; then the whole message comes, also to who has a part of it. */
  private takeText(params: UpdateParams, offset: number): UpdateParams | null {
    const { messageId = "", content } = params.update;
    if (!content) return params;
    const has = this.characters.get(messageId) ?? 0;
    this.characters.delete(messageId);
    this.characters.set(messageId, Math.max(has, offset + content.text.length));
    const [oldest] = this.characters.keys();
    if (oldest !== undefined && this.characters.size > bridgeLimits.rememberedMax) this.characters.delete(oldest);
    if (offset >= has) return params;
    const text = content.text.slice(has - offset);
    return text === "" ? null : { ...params, update: { ...params.update, content: { ...content, text } } };
  }
}
