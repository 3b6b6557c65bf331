/** What this page talks to. */
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../store/store.ts";

export function About() {
  const { client, connection } = useStore();
  const [server, setServer] = useState<string | null>(null);
  const [provider, setProvider] = useState<string | null>(null);
  useEffect(() => {
    const isUnknown = () => {
      // The connection's own state says what is wrong.
    };
    client.ready.then(({ userAgent }) => setServer(userAgent), isUnknown);
    client.request("modelProvider/list", {}).then(({ data }) => setProvider(data.map(({ name }) => name).join(", ")), isUnknown);
  }, [client]);
  return (
    <dl class="about">
      <dt>Address</dt>
      <dd>{location.host}</dd>
      <dt>Connection</dt>
      <dd>{connection.value.type}</dd>
      <dt>Protocol</dt>
      <dd>{server === null ? "…" : (/\/(\S+)/.exec(server)?.[1] ?? server)}</dd>
      <dt>Models from</dt>
      <dd>{provider ?? "…"}</dd>
    </dl>
  );
}
