/** The frames with which a turn begins and a person's message enters it. */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import type { ModelItem, Settings } from "#core/private";
import { Refusal, refusals } from "#protocol/errors";
import type { Turn } from "#protocol/turn";
import type { UserInput } from "#protocol/user-input";
import type { ThreadRuntime } from "#thread/runtime";

/** A turn as it is answered to whoever began it. */
export function begun(turnId: string): Turn {
  return {
    id: turnId,
    rootTurnId: turnId,
    items: [],
    itemsView: "notLoaded",
    status: "inProgress",
    error: null,
    startedAt: null,
    completedAt: null,
    durationMs: null,
  };
}

/** `settings` are those of the thread unless the turn changes them, for itself and for those that follow. */
export function turnStarted(
  runtime: ThreadRuntime,
  turnId: string,
  { settings = runtime.current.settings, outputSchema }: { settings?: Settings | null; outputSchema?: unknown } = {},
): Draft[] {
  const { host } = runtime;
  if (!settings) throw new Error("a thread without settings");
  return [
    runtime.status({ type: "active", activeFlags: [] }),
    {
      method: "turn/started",
      params: { threadId: host.threadId, turn: { ...begun(turnId), startedAt: Math.floor(host.now() / 1000) } },
      private: { event: { type: "turnStarted", settings, outputSchema } },
    },
  ];
}

/** `told` is what the model hears, where that is more than what the person sees. */
export function userMessage(
  runtime: ThreadRuntime,
  turnId: string,
  {
    input,
    clientUserMessageId,
    itemId = runtime.host.newId(),
    told = modelMessage(input),
  }: { input: UserInput[]; clientUserMessageId?: string | null; itemId?: string; told?: ModelItem },
): Draft[] {
  const now = runtime.host.now();
  const item = {
    type: "userMessage",
    id: itemId,
    clientId: clientUserMessageId ?? null,
    content: input,
    startedAtMs: now,
    completedAtMs: null,
  } as const;
  return [
    runtime.itemStarted(turnId, item),
    runtime.itemCompleted(turnId, { ...item, completedAtMs: now }, { modelItems: [told], event: { type: "userSaid" } }),
  ];
}

export function requireInput(input: UserInput[]): void {
  const characters = input.reduce((total, part) => total + (part.type === "text" ? charactersOf(part.text) : 0), 0);
  if (characters > limits.inputCharactersMax) throw new Refusal(refusals.inputTooLarge(characters));
}

/** As the real server counts them: a character outside the Basic Multilingual Plane is one, though JavaScript stores two. */
function charactersOf(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at++) {
    if ((text.codePointAt(at) ?? 0) <= 0xffff) continue;
    pairs += 1;
    at += 1;
  }
  return text.length - pairs;
}

function modelMessage(input: UserInput[]): ModelItem {
  const content = input.flatMap((part): ModelItem[] => {
    switch (part.type) {
      case "text":
        return [{ type: "input_text", text: part.text }];
      case "image":
        return part.url ? [{ type: "input_image", image_url: part.url, detail: part.detail ?? "auto" }] : [];
      case "mention":
      case "skill":
        return [{ type: "input_text", text: `[${part.name}](${part.path})` }];
      case "localImage":
      case "audio":
      case "localAudio":
        // A path on the client's machine means nothing here.
        return [{ type: "input_text", text: `(The user attached ${part.type}, which cannot be read here.)` }];
      default:
        return part satisfies never;
    }
  });
  return { type: "message", role: "user", content };
}
