/** TLS before a server that speaks none, as an operator's reverse proxy: under a certificate authority that no machine trusts yet. */
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { generate } from "selfsigned";

export interface TlsProxy {
  /** `wss://localhost:<port>` */
  wssUrl: string;
  /** The authority's certificate, for `SSL_CERT_FILE`. */
  authorityFile: string;
  close(): void;
}

/** Makes an authority and a certificate for `localhost`, writes the authority's into `folder`, and passes every byte on to `serverPort`. */
export async function startTlsProxy(serverPort: number, folder: string): Promise<TlsProxy> {
  const authority = await generate([{ name: "commonName", value: "Spindle check authority" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  });
  const authorityFile = join(folder, "authority.pem");
  writeFileSync(authorityFile, authority.cert);

  const sockets = new Set<TLSSocket>();
  const listener = createServer({ key, cert }, (client) => {
    const server = connect(serverPort, "127.0.0.1");
    sockets.add(client.on("close", () => sockets.delete(client)));
    client.on("error", () => server.destroy()).on("close", () => server.destroy());
    server.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.pipe(server).pipe(client);
  });
  // On every address that `localhost` may mean: the client tries them in its own order.
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "localhost", resolve);
  });
  const address = listener.address();
  if (!address || typeof address !== "object") throw new Error("a listener on a port has an address");
  return {
    wssUrl: `wss://localhost:${address.port}`,
    authorityFile,
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
