/**
 * The one object that knows tokens, browser sessions and the sockets that stand on them. A socket whose credential ends is closed at
 * once where it can be reached; what could not be reached is tried again by the alarm, also after a crash.
 */
import { DurableObject } from "cloudflare:workers";
import type { Admission } from "#access/admission";
import {
  AccessRegister,
  createAccessSchema,
  type HeldSocket,
  type NewSession,
  type NewToken,
  type TokenRecord,
  type Vouched,
} from "#access/register";
import { accessLimits } from "#core/limits";
import { connectionStub, type Environment, namedThreadStub } from "../environment.ts";
import { report } from "../platform.ts";

export class AccessObject extends DurableObject<Environment> {
  private readonly register: AccessRegister;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    createAccessSchema(context.storage.sql);
    this.register = new AccessRegister(context.storage.sql);
  }

  /** False when there are too many. */
  async createToken(token: NewToken): Promise<boolean> {
    return this.register.createToken(token, Date.now());
  }

  async listTokens(): Promise<TokenRecord[]> {
    return this.register.listTokens();
  }

  /** Whether there is such a token. Its sockets that could be reached are closed when this returns. */
  async revokeToken(id: string): Promise<boolean> {
    const isKnown = this.register.revokeToken(id, Date.now());
    await this.closeDue();
    return isKnown;
  }

  async findToken(hash: string): Promise<Vouched | null> {
    return this.register.findToken(hash, Date.now());
  }

  async openSession(session: NewSession): Promise<boolean> {
    const isOpen = this.register.openSession(session, Date.now());
    await this.closeDue();
    return isOpen;
  }

  async findSession(hash: string): Promise<Vouched | null> {
    return this.register.findSession(hash, Date.now());
  }

  async closeSession(hash: string): Promise<void> {
    this.register.closeSession(hash, Date.now());
    await this.closeDue();
  }

  /** All of an account. Who opens a socket with one of them meanwhile finds that it is gone. */
  async closeSessionsOf(account: string): Promise<void> {
    this.register.closeSessionsOf(account, Date.now());
    await this.closeDue();
  }

  /** Whether the socket, which is open already, may stay so. */
  async holdSocket(socket: HeldSocket, admission: Admission): Promise<boolean> {
    const holds = this.register.holdSocket(socket, admission, Date.now());
    await this.schedule();
    return holds;
  }

  async releaseSocket(connection: string): Promise<void> {
    this.register.releaseSocket(connection);
  }

  async countSignIn(address: string): Promise<boolean> {
    return this.register.countSignIn(address, Date.now());
  }

  override async alarm(): Promise<void> {
    await this.closeDue();
  }

  private async closeDue(): Promise<void> {
    // Before anybody is called: should we die meanwhile, the alarm goes on.
    await this.schedule();
    // Each round ends what it finds due, or puts it off.
    for (let due = this.due(); due.length > 0; due = this.due()) await Promise.all(due.map((socket) => this.close(socket)));
    await this.schedule();
  }

  private due(): HeldSocket[] {
    return this.register.dueSockets(Date.now());
  }

  /** Wakes the object that holds the socket, and no other. */
  private async close({ connection, threadName }: HeldSocket): Promise<void> {
    try {
      const holder = threadName === null ? connectionStub(this.env, connection) : namedThreadStub(this.env, threadName);
      await holder.endSocket(connection);
      this.register.releaseSocket(connection);
    } catch (error) {
      // It could not be reached, say because it is being moved: others must not wait for it.
      this.register.postponeEnd(connection, Date.now() + accessLimits.closeRetryPauseMs);
      report("socketNotClosed", { connection, error: String(error) });
    }
  }

  private async schedule(): Promise<void> {
    const nextAtMs = this.register.nextEndAtMs();
    if (nextAtMs === null) return this.ctx.storage.deleteAlarm();
    const nowMs = Date.now();
    // What is due is about to be closed, and is looked at again should that not come to pass; a moment far away once a day.
    const overdueAtMs = nowMs + accessLimits.closeRetryPauseMs;
    const atMs = nextAtMs <= nowMs ? overdueAtMs : Math.min(nextAtMs, nowMs + accessLimits.alarmMsMax);
    const setAtMs = await this.ctx.storage.getAlarm();
    // An alarm that rings earlier only looks again; one that is put off for ever would never ring.
    if (setAtMs === null || setAtMs > atMs) await this.ctx.storage.setAlarm(atMs);
  }
}
