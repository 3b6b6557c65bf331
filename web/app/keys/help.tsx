/** The keys, as a table to be read: made of the same table as they work by. */
import "./help.css";
import { Modal } from "../talk/modal.tsx";
import { keysOfParts, shortcuts } from "./shortcuts.ts";
import { shownKey } from "./shown-key.ts";
import { setSingleKeys, usesSingleKeys } from "./single-keys.ts";

export function Help({ close }: { close(): void }) {
  const groups = [
    { where: "Everywhere", rows: shortcuts },
    ...[...new Set(keysOfParts.map(({ where }) => where))].map((where) => ({
      where,
      rows: keysOfParts.filter((row) => row.where === where),
    })),
  ];
  return (
    <Modal title="Keys" close={close}>
      <label class="single-keys">
        <input
          type="checkbox"
          checked={usesSingleKeys.value}
          onChange={({ currentTarget }) => setSingleKeys(currentTarget.checked)}
        />
        Letters alone are shortcuts, while nothing is typed
      </label>
      <div class="key-groups">
        {groups.map(({ where, rows }) => (
          <section key={where} aria-label={where}>
            <h3>{where}</h3>
            <dl>
              {rows.map(({ keys, words }) => (
                <div key={words}>
                  <dt>
                    <Pressed keys={keys} />
                  </dt>
                  <dd>{words}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <button type="button" class="quiet" onClick={close}>
        Close
      </button>
    </Modal>
  );
}

export function Pressed({ keys }: { keys: readonly string[] }) {
  return (
    <>
      {keys.map((key, place) => (
        <span key={key}>
          {place > 0 && " then "}
          <kbd>{shownKey(key)}</kbd>
        </span>
      ))}
    </>
  );
}
