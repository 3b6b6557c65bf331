/** Everything that the palette offers where one is now. */
import { wireThread } from "#core/thread";
import type { WireThread } from "#protocol/thread";
import { overlay } from "../keys/overlay.ts";
import { go, goToList, type ThreadTab, threadPlace } from "../place.ts";
import { approvals, decisions } from "../settings/options.ts";
import { currentThread, renaming } from "../store/current-thread.ts";
import type { Store } from "../store/store.ts";
import { titleOf } from "../store/thread-list.ts";
import { setThread } from "../talk/set-thread.ts";
import { threadActions } from "../threads/thread-actions.ts";
import type { Entry } from "./entries.ts";

const filesMax = 8;

export function entriesNow(store: Store, threads: readonly WireThread[]): Entry[] {
  const named = threads.map(
    (thread): Entry => ({
      id: `thread/${thread.id}`,
      kind: "thread",
      label: titleOf(thread),
      detail: thread.section?.name ?? "",
      run: () => go(threadPlace(thread.id)),
    }),
  );
  return [...actionsHere(store), ...places, ...named];
}

const place = (label: string, run: () => void, detail = ""): Entry => ({
  id: `place/${label}`,
  kind: "place",
  label,
  detail,
  run,
});

const places: Entry[] = [
  place("New thread", () => go({ view: "new" })),
  place("Inbox", () => go({ view: "inbox" }), "What waits for you"),
  place("Memory", () => go({ view: "memory" }), "What was learnt"),
  place("Settings", () => go({ view: "settings" })),
  place("All threads", goToList),
  {
    id: "place/keys",
    kind: "place",
    label: "Keys",
    detail: "Shortcuts",
    run: () => {
      // After the palette is gone.
      setTimeout(() => {
        overlay.value = "help";
      });
    },
  },
];

const tabs: { tab: ThreadTab; label: string }[] = [
  { tab: "talk", label: "Talk" },
  { tab: "changes", label: "Changes" },
  { tab: "decisions", label: "Decisions" },
  { tab: "files", label: "Files" },
];

function actionsHere(store: Store): Entry[] {
  const handle = currentThread.value;
  if (!handle?.state) return [];
  const { state, settings, id } = handle;
  const action = (label: string, detail: string, run: () => unknown): Entry => ({
    id: `action/${label}`,
    kind: "action",
    label,
    detail,
    run,
  });
  const rename = () => {
    renaming.value = id;
  };
  const set = (what: string, options: readonly { value: string; label: string }[], now: string | null, key: SetKey): Entry[] =>
    options
      .filter(({ value }) => value !== now)
      .map(({ value, label }) => action(`${what}: ${label}`, "of this thread", () => setThread(store.client, id, key, value)));
  const models = store.models.value;
  const efforts = models.find((model) => model.id === settings?.model)?.supportedReasoningEfforts ?? [];
  const policy = typeof settings?.approvalPolicy === "string" ? settings.approvalPolicy : null;
  return [
    ...tabs.map(({ tab, label }) => action(label, "of this thread", () => go(threadPlace(id, tab)))),
    ...threadActions(store, { thread: wireThread(state), isArchived: state.archived, handle, rename }).map(({ name, run }) =>
      action(name, "this thread", run),
    ),
    ...store.threads.sections.value.map(({ section }) =>
      action(`Move to ${section.name}`, "this thread", () => store.threads.move(id, section.id)),
    ),
    action("Move out of its section", "this thread", () => store.threads.move(id, null)),
    ...set(
      "Model",
      models.map((model) => ({ value: model.id, label: model.displayName })),
      settings?.model ?? null,
      "model",
    ),
    ...set(
      "Effort",
      efforts.map(({ reasoningEffort }) => ({ value: reasoningEffort, label: reasoningEffort })),
      settings?.effort ?? null,
      "effort",
    ),
    ...set("Approvals", approvals, policy, "approvalPolicy"),
    ...set("Decisions", decisions, settings?.decisionMode ?? null, "decisionMode"),
  ];
}

type SetKey = Parameters<typeof setThread>[2];

/** Of the workspace of the thread that is shown; from two letters on. */
export async function filesNamed({ client }: Store, query: string): Promise<Entry[]> {
  const handle = currentThread.value;
  const root = handle?.state?.info.cwd;
  if (!handle || root === undefined || query.length < 2) return [];
  const params = { threadId: handle.id, query, roots: [root] };
  const { files } = await client.request("fuzzyFileSearch", params, { isIdempotent: true });
  return files
    .filter(({ match_type }) => match_type !== "directory")
    .slice(0, filesMax)
    .map(({ path }) => ({
      id: `file/${path}`,
      kind: "file",
      label: path,
      detail: "",
      run: () => go({ view: "thread", threadId: handle.id, tab: "files", item: path }),
    }));
}
