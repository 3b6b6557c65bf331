/** One client's socket at `/`, with all its threads. Its state is the socket's: a client that comes back gets a new one and resumes. */
import { DurableObject } from "cloudflare:workers";

import { objectGateway } from "#connection/object-gateway";
import { socketAccessOf } from "#connection/socket-access";
import { acceptSocket, type Sockets, socketsOf } from "#connection/sockets";
import type { AnnouncementAck, AnnouncementDelivery } from "#directory/announcements";
import { countersOf } from "#metrics/object-counters";
import type { Notice } from "#protocol/connection-notifications";
import type { Delivery, DeliveryAck } from "#thread/host";
import type { Environment } from "../environment.ts";
import { catalogueOf, report } from "../platform.ts";

export class ConnectionObject extends DurableObject<Environment> {
  private readonly sockets: Sockets;
  private readonly account: string;
  private readonly connection: string;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    const name = context.id.name;
    if (!name) throw new Error("a connection's object is always named");
    this.connection = name;
    this.account = name.slice(0, name.lastIndexOf("/"));
    this.sockets = socketsOf(
      context,
      objectGateway(environment, this.account, countersOf(context, environment)),
      catalogueOf(environment),
      socketAccessOf(environment),
    );
    if (context.getWebSockets().length > 0) report("connectionWoke", { connection: name });
  }

  override async fetch(request: Request): Promise<Response> {
    const { account, connection } = this;
    return acceptSocket(this.ctx, request, { account, connection, threadName: null }, socketAccessOf(this.env));
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.sockets.message(socket, message);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    await this.sockets.closed(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.sockets.closed(socket);
  }

  /** Threads bring their frames here. */
  async deliver(delivery: Delivery): Promise<DeliveryAck> {
    return this.sockets.deliver(this.connection, delivery);
  }

  /** The access object says that the socket's credential ended. */
  async endSocket(connection: string): Promise<void> {
    await this.sockets.end(connection);
  }

  /** The Directory brings what concerns the account. */
  async announce(delivery: AnnouncementDelivery): Promise<AnnouncementAck> {
    return this.sockets.announce(this.connection, delivery);
  }

  /** What a thread says to this client alone. Whether the socket is open. */
  async tell(notice: Notice): Promise<boolean> {
    return this.sockets.tell(this.connection, notice);
  }
}
