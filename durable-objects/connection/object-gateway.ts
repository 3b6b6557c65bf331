/** The account's threads by calls between objects: for whoever speaks for a client, an object or the Worker itself. */
import type { Gateway } from "#connection/gateway";
import type { Meter } from "#core/metrics/meter";
import { directoryStub, type Environment, memoryStub, pushStub, threadStub } from "../environment.ts";
import { mcpServersOf, newId, report } from "../platform.ts";

export function objectGateway(environment: Environment, account: string, meter: Meter): Gateway {
  const stub = (threadId: string) => threadStub(environment, account, threadId);
  return {
    newThreadId: newId,
    startThread: (threadId, params, client, subscriber) => stub(threadId).startThread(params, client, subscriber),
    forkThread: (threadId, params, client, subscriber) => stub(threadId).forkThread(params, client, subscriber),
    resumeThread: (params, subscriber) => stub(params.threadId).resumeThread(params, subscriber),
    detach: (threadId, connection) => stub(threadId).detach(connection),
    hangUp: (threadId, connection) => stub(threadId).hangUp(connection),
    request: (threadId, request, connection, trace) => stub(threadId).request(request, connection, trace),
    deleteThread: (threadId) => stub(threadId).deleteThread(),
    respond: (threadId, requestId, answer) => stub(threadId).respond(requestId, answer),
    directory: (request) => directoryStub(environment, account).request(request),
    memory: (request) => memoryStub(environment, account).request(request),
    push: (request) => pushStub(environment, account).request(request),
    mcp: mcpServersOf(environment, account),
    join: (connection) => directoryStub(environment, account).join(connection),
    leave: (connection) => directoryStub(environment, account).leave(connection),
    now: () => Date.now(),
    meter,
    report,
  };
}
