/** Which thread runs which `command/exec` of this connection. In memory only: while one runs, its open request keeps the object awake. */
import type { Gateway } from "#connection/gateway";
import { Refusal, refusals } from "#protocol/errors";
import type { Request } from "#protocol/methods";
import type { Reply } from "#thread/reply";

type Start = Extract<Request, { method: "command/exec" }>;
type Control = Extract<Request, { method: `command/exec/${string}` }>;

export class RunningCommands {
  private readonly gateway: Gateway;
  private readonly connection: string;
  private readonly running = new Set<{ threadId: string; processId: string | null }>();

  constructor(gateway: Gateway, connection: string) {
    this.gateway = gateway;
    this.connection = connection;
  }

  /** The threads that have to hear when the socket closes. */
  get threadIds(): string[] {
    return [...this.running].map(({ threadId }) => threadId);
  }

  async start(threadId: string, request: Start): Promise<Reply> {
    const processId = request.params.processId ?? null;
    if (processId !== null && this.threadOf(processId)) throw new Refusal(refusals.duplicateCommand(processId));
    const command = { threadId, processId };
    this.running.add(command);
    try {
      return await this.gateway.request(threadId, request, this.connection);
    } finally {
      this.running.delete(command);
    }
  }

  async control(request: Control): Promise<Reply> {
    const { processId } = request.params;
    const threadId = this.threadOf(processId);
    if (!threadId) throw new Refusal(refusals.noActiveCommand(processId));
    return this.gateway.request(threadId, request, this.connection);
  }

  private threadOf(processId: string): string | undefined {
    return [...this.running].find((command) => command.processId === processId)?.threadId;
  }
}
