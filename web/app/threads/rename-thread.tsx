/** The name of a thread, while it is written. Enter keeps it, Escape does not. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { WireThread } from "#protocol/thread";
import { useStore } from "../store/store.ts";
import { titleOf } from "../store/thread-list.ts";

export function RenameThread({ thread, done }: { thread: WireThread; done(): void }) {
  const { client } = useStore();
  const [name, setName] = useState(thread.name || titleOf(thread));
  const [failure, setFailure] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const keep = async (event: Event) => {
    event.preventDefault();
    try {
      await client.request("thread/name/set", { threadId: thread.id, name: name.trim() });
      done();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form class="rename" onSubmit={(event) => void keep(event)}>
      <input
        ref={field}
        aria-label="Name of the thread"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && done()}
        onBlur={() => failure === null && done()}
      />
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
    </form>
  );
}
