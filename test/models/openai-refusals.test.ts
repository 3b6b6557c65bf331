/**
 * What endpoints say when they refuse a part of a request, and what must not be taken for it. From public reports: llama.cpp's, the four
 * gateways' and the form of vLLM's. The others are as remembered or expected, not recorded: replace them when a real one is at hand.
 */
import { describe, expect, test } from "vitest";
import type { ModelItem } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import { collect, eventStream, modelRequest, serve, serverSentEvents } from "./model-server.ts";

const never = new AbortController().signal;
const tools: ModelItem[] = [
  { type: "shell", environment: { type: "local" } },
  { type: "apply_patch" },
  { type: "function", name: "update_plan", parameters: {} },
];
const completed = serverSentEvents([{ type: "response.completed", response: {} }]);

async function refusal(status: number, body: unknown, request: Parameters<typeof modelRequest>[0]) {
  const { fetch } = serve(() => new Response(typeof body === "string" ? body : JSON.stringify(body), { status }));
  const error = await collect(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(request), never)).catch(
    (thrown: unknown) => thrown,
  );
  return error as object;
}

const openAi = (message: string, param: string | null, code: string | null = null) => ({
  error: { message, type: "invalid_request_error", param, code },
});

describe("an endpoint that takes no built-in tools is recognised by what it says:", () => {
  const literalError = `[{'type': 'literal_error', 'loc': ('body', 'tools', 0, 'FunctionTool', 'type'), 'msg': "Input should be 'function'", 'input': 'shell', 'ctx': {'expected': "'function'"}}]`;
  const wordings: [who: string, status: number, body: unknown][] = [
    [
      "OpenAI",
      400,
      openAi("Invalid value: 'shell'. Supported values are: 'function', 'mcp', 'web_search'.", "tools[0].type", "invalid_value"),
    ],
    ["OpenAI, for an older model", 400, openAi("Tool 'shell' is not supported with gpt-4o.", "tools", "unsupported_value")],
    ["OpenAI, second tool", 400, openAi("Unknown tool.", "tools[1]")],
    ["Azure", 400, openAi("Hosted tool 'apply_patch' is not supported with this model.", null)],
    ["vLLM", 400, { error: { message: literalError, type: "Bad Request", param: null, code: 400 } }],
    [
      "vLLM, by pydantic",
      400,
      {
        object: "error",
        message:
          "1 validation error for ResponsesRequest\ntools.0\n  Input tag 'shell' found using 'type' does not match any of the expected tags: 'function', 'file_search' [type=union_tag_invalid]",
        code: 400,
      },
    ],
    [
      "FastAPI",
      422,
      { detail: [{ type: "literal_error", loc: ["body", "tools", 1, "type"], msg: "Input should be 'function'" }] },
    ],
    [
      "Ollama",
      400,
      { error: { message: "unsupported tool type: shell", type: "invalid_request_error", param: null, code: null } },
    ],
    ["llama.cpp", 400, { error: { code: 400, message: "'type' of tool must be 'function'", type: "invalid_request_error" } }],
    [
      "OpenRouter",
      400,
      {
        error: { code: 400, message: "Invalid Responses API request" },
        metadata: {
          raw: '[{"code":"invalid_union","errors":[[{"code":"invalid_value","values":["function"],"path":["type"]}]],"path":["tools",0],"message":"Invalid input"}]',
        },
      },
    ],
    [
      "OpenRouter, by its provider",
      400,
      {
        error: {
          code: 400,
          message: "Provider returned error",
          metadata: { raw: JSON.stringify(openAi("Invalid value: 'shell'", "tools[0].type")) },
        },
      },
    ],
    [
      "OpenRouter, routing",
      404,
      { error: { message: 'No endpoints found that support tool use. Try disabling "shell".', code: 404 } },
    ],
    ["a gateway with zod", 400, openAi('tools.0.type: Invalid literal value, expected "function"', null)],
    ["a gateway", 400, { error: { type: "invalid_request_error", message: "tools[0] must be a function tool" } }],
    ["another gateway", 400, openAi("Unsupported Responses tool type: 'custom'", null)],
    [
      "one more gateway",
      400,
      openAi(
        'Only `type:"function"` tools are supported on this endpoint. Built-in tools are not executed here.',
        "tools.0.type",
      ),
    ],
    ["a gateway without param", 400, { error: { message: 'Only "function" type tools are supported' } }],
  ];
  for (const [who, status, body] of wordings) {
    test(who, async () => {
      expect(await refusal(status, body, { tools })).toMatchObject({
        refusesBuiltInTools: true,
        willRetry: true,
        httpStatus: status,
      });
    });
  }

  test("and is not, when it was asked with functions only", async () => {
    for (const [, status, body] of wordings) {
      const error = await refusal(status, body, { tools: tools.slice(2) });
      expect(error).toMatchObject({ refusesBuiltInTools: false, willRetry: false });
    }
  });
});

describe("a refusal for another reason is not taken for one of the tools:", () => {
  const others: [what: string, status: number, body: unknown][] = [
    ["the model", 404, openAi("The model `gpt-x` does not exist or you do not have access to it.", null, "model_not_found")],
    ["the model's value", 400, openAi("Invalid value: 'gpt-x'. Supported values are: 'gpt-y'.", "model", "invalid_value")],
    ["the context", 400, openAi("Your input exceeds the context window of this model.", "input", "context_length_exceeded")],
    [
      "the context, by vLLM",
      400,
      { error: { message: "This model's maximum context length is 8192 tokens. Please reduce the length." } },
    ],
    ["an item of the input", 400, openAi("Invalid value: 'other'. Supported values are: 'search'.", "input[33].action.type")],
    ["an answer without a call", 400, openAi("No tool call found for function call output with call_id call_1.", "input")],
    ["a call without an answer", 400, openAi("No tool output found for function call call_1.", "input")],
    ["a model without tools", 400, { error: { message: "gemma:2b does not support tools" } }],
    ["a router without tools", 404, { error: { message: "No endpoints found that support tool use.", code: 404 } }],
    [
      "a function's schema",
      400,
      openAi("Invalid schema for function 'update_plan'.", "tools[2].parameters", "invalid_function_parameters"),
    ],
    ["too many tools", 400, openAi("Invalid 'tools': array too long. Expected an array with maximum length 128.", "tools")],
    [
      "messages of tools",
      400,
      { error: { message: "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'" } },
    ],
    ["the address", 404, "<html><body>404 page not found</body></html>"],
    ["a rate limit", 429, openAi("Tool type 'shell' limit", "tools[0].type")],
    ["the server itself", 500, openAi("unsupported tool type: shell", "tools[0].type")],
    ["the effort", 400, openAi("Unsupported value: 'shell' is not supported.", "reasoning.effort", "unsupported_value")],
  ];
  for (const [what, status, body] of others) {
    test(what, async () => {
      expect(await refusal(status, body, { tools })).toMatchObject({ name: "ModelError", refusesBuiltInTools: false });
    });
  }
});

describe("a part that a model does not know", () => {
  const asked = { effort: "high", summary: "auto" };
  const parts: [who: string, body: unknown, left: object][] = [
    ["OpenAI", openAi("Encrypted content is not supported with this model.", "include"), { include: undefined }],
    ["a gateway", openAi("Unsupported include value: reasoning.encrypted_content", null), { include: undefined }],
    [
      "pydantic",
      { detail: [{ type: "extra_forbidden", loc: ["body", "include"], msg: "Extra inputs are not permitted" }] },
      { include: undefined },
    ],
    [
      "OpenAI",
      openAi(
        "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        "reasoning.effort",
        "unsupported_parameter",
      ),
      { reasoning: undefined },
    ],
    ["a gateway", openAi("Unknown parameter: 'reasoning'.", null), { reasoning: undefined }],
    [
      "OpenAI",
      openAi("Your organization must be verified to generate reasoning summaries.", "reasoning.summary", "unsupported_value"),
      { reasoning: { effort: "high" } },
    ],
  ];
  for (const [who, body, left] of parts) {
    test(`is left out at once, and from then on for this model: ${who}, ${JSON.stringify(left)}`, async () => {
      let count = 0;
      const { fetch, requests } = serve((signal) => {
        count += 1;
        return count === 1 ? Response.json(body, { status: 400 }) : eventStream(completed, signal);
      });
      const model = createOpenAiModel({ apiKey: "key", fetch });
      await collect(model.stream(modelRequest(asked), never));
      await collect(model.stream(modelRequest(asked), never));
      await collect(model.stream(modelRequest({ ...asked, model: "another" }), never));
      const whole = { include: ["reasoning.encrypted_content"], reasoning: { effort: "high", summary: "auto" } };
      const sent = requests.map(({ body: { include, reasoning } }) => ({ include, reasoning }));
      expect(sent).toEqual([whole, { ...whole, ...left }, { ...whole, ...left }, whole]);
    });
  }

  test("may be followed by another one", async () => {
    const { fetch, requests } = serve((signal) => {
      const [part] = Object.keys(requests.at(-1)?.body ?? {}).filter((key) => key === "include" || key === "reasoning");
      return part
        ? Response.json(openAi(`Unknown parameter: '${part}'.`, part), { status: 400 })
        : eventStream(completed, signal);
    });
    await collect(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(asked), never));
    expect(requests).toHaveLength(3);
  });

  test("that is refused though it was left out is a refusal like any other", async () => {
    const { fetch, requests } = serve(() => Response.json(openAi("Unknown parameter: 'include'.", "include"), { status: 400 }));
    const events = collect(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(), never));
    await expect(events).rejects.toMatchObject({ info: "badRequest", willRetry: false });
    expect(requests).toHaveLength(2);
  });

  const final: [what: string, body: unknown][] = [
    [
      "an effort that the model does not have",
      openAi(
        "Unsupported value: 'xhigh' is not supported with the 'm' model. Supported values are: 'low'.",
        "reasoning.effort",
        "unsupported_value",
      ),
    ],
    [
      "content that cannot be decrypted",
      openAi("The encrypted content gAAA could not be verified.", null, "invalid_encrypted_content"),
    ],
    ["a missing item", openAi("Item 'rs_1' of type 'reasoning' was provided without its required following item.", "input")],
  ];
  for (const [what, body] of final) {
    test(`is not meant by a refusal of ${what}`, async () => {
      const { fetch, requests } = serve(() => Response.json(body, { status: 400 }));
      const events = collect(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(asked), never));
      await expect(events).rejects.toMatchObject({ info: "badRequest", willRetry: false });
      expect(requests).toHaveLength(1);
    });
  }
});
