/** A model that says what the test wrote down, response by response, and keeps what it was asked. */
import type { Model, ModelItem, ModelRequest } from "#models/model";

export interface ScriptedResponse {
  text?: string;
  calls?: ModelItem[];
  /** Tokens the endpoint says it counted; a handful unless said. */
  tokens?: number;
}

export function scriptedModel(...responses: ScriptedResponse[]): Model & { requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  return {
    requests,
    async *stream(request) {
      requests.push(structuredClone(request));
      const { text, calls = [], tokens = 12 } = responses.shift() ?? { text: "Nothing more is written down." };
      const itemId = `item_${requests.length}`;
      if (text !== undefined) {
        yield { type: "messageStarted", itemId };
        yield { type: "messageDelta", itemId, delta: text };
        const content = [{ type: "output_text", text }];
        yield { type: "itemDone", itemId, item: { type: "message", role: "assistant", id: itemId, content } };
      }
      for (const [index, item] of calls.entries()) yield { type: "itemDone", itemId: `${itemId}_${index}`, item };
      yield {
        type: "completed",
        usage: {
          totalTokens: tokens,
          inputTokens: tokens,
          cachedInputTokens: 0,
          cacheWriteInputTokens: 0,
          outputTokens: 0,
          reasoningOutputTokens: 0,
        },
      };
    },
  };
}

let serial = 0;

export function functionCall(name: string, given: unknown): ModelItem {
  serial += 1;
  return { type: "function_call", id: `fc_${serial}`, call_id: `call_${serial}`, name, arguments: JSON.stringify(given) };
}
