/** The section that a thread stands in: another, none, or one that is made for it. */
import { useId, useState } from "preact/hooks";
import type { WireThread } from "#protocol/thread";
import { useStore } from "../store/store.ts";

const none = "";
const anew = "new";

export function MoveToSection({ thread, done, fail }: { thread: WireThread; done(): void; fail(message: string): void }) {
  const { threads } = useStore();
  const id = useId();
  const [name, setName] = useState<string | null>(null);
  const here =
    threads.sections.value.find((listed) => listed.threads.some((other) => other.id === thread.id))?.section.id ?? none;
  const move = (sectionId: string | null) => threads.move(thread.id, sectionId).then(done, (error: Error) => fail(error.message));
  const make = (event: Event) => {
    event.preventDefault();
    if (!name?.trim()) return;
    threads.makeSection(name.trim()).then(
      (section) => move(section.id),
      (error: Error) => fail(error.message),
    );
  };
  if (name !== null)
    return (
      <form class="move" onSubmit={make}>
        <label for={id}>New section</label>
        <input
          id={id}
          ref={(field) => field?.focus()}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </form>
    );
  return (
    <div class="move">
      <label for={id}>Section</label>
      <select
        id={id}
        value={here}
        onChange={({ currentTarget: { value } }) => {
          if (value === anew) setName("");
          else void move(value === none ? null : value);
        }}
      >
        <option value={none}>None</option>
        {threads.sections.value.map(({ section }) => (
          <option key={section.id} value={section.id}>
            {section.name}
          </option>
        ))}
        <option value={anew}>New section …</option>
      </select>
    </div>
  );
}
