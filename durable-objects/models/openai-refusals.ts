/**
 * What an endpoint refuses of a request that another form of the same request would pass. There is no code for it: servers say it in
 * their own words, so this reads words, and the tests hold the wordings it is meant for. Pure.
 */
import { APIError } from "openai";
import type { ModelItem } from "#models/model";

/** Parts of a request that a model may not know and that can be left out: `summary` is the one inside `reasoning`. */
export type OptionalPart = "include" | "reasoning" | "summary";

/**
 * Whether the endpoint refused the request because a tool is not of type `function`. Not for a model that can use no tools at all:
 * function tools would not help it.
 */
export function refusesBuiltInTools(error: APIError, tools: ModelItem[]): boolean {
  if (error.status !== 400 && error.status !== 404 && error.status !== 422) return false;
  const types = tools.filter(isBuiltIn).map(({ type }) => type);
  if (types.length === 0) return false;
  const { param, text } = wordsOf(error);
  // A refusal that names another part of the request is about that part, whatever its words are.
  if (param && !/^(body\W)?tools?\b/i.test(param)) return false;
  const places = [...`${param} ${text}`.matchAll(/\btools?(?:\[|[./]|['"]\s*,\s*)(\d+)/gi)];
  if (places.length > 0) return places.some(([, index]) => isBuiltIn(tools[Number(index)]));
  const quoted = types.some((type) => new RegExp(`['"\`]${type}['"\`]|\\btype\\W{1,3}${type}\\b`).test(text));
  return quoted || onlyFunctions.some((pattern) => pattern.test(text));
}

/** The part of the request that the model does not know, where it can be left out; null for every other refusal. */
export function refusedPart(error: unknown): OptionalPart | null {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return null;
  const { param, text } = wordsOf(error);
  if (!unknownHere.test(text) && !/^un(supported|known)_/.test(error.code ?? "")) return null;
  if (param) {
    if (/^include\b/.test(param)) return "include";
    if (/^reasoning\W+summary\b/.test(param)) return "summary";
    // A value that the model does not have is for the person to change; only a parameter that it does not have is left out.
    return /^reasoning\b/.test(param) && error.code !== "unsupported_value" && !valuesListed.test(text) ? "reasoning" : null;
  }
  if (/reasoning\.encrypted_content|\bencrypted[ _]content\b|['"`]include['"`]|\bparameter:? include\b/i.test(text))
    return "include";
  if (/\breasoning[._ ]summar|['"`]reasoning['"`]\W+['"`]summary\b/i.test(text)) return "summary";
  return /['"`]reasoning(\.effort)?['"`]|\bparameters?:? reasoning\b/i.test(text) && !valuesListed.test(text)
    ? "reasoning"
    : null;
}

const onlyFunctions = [
  // OpenRouter says no more than this where we can read it. If it meant something else, function tools are refused as well.
  /\binvalid responses api request\b/i,
  /\btype\W+of\W+(the )?tool\b|\btool[ _-]types?\b/i,
  /\bonly\b.{0,40}\bfunction\b.{0,20}\btools?\b/i,
  /\btools?\b.{0,60}\b(must|should|has to|have to) be\b.{0,30}\bfunctions?\b/i,
];

const unknownHere =
  /not supported|unsupported|does(n't| not) support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed|must be verified|invalid (value|enum|option|parameter)/i;
const valuesListed = /(supported|valid|allowed|possible) values|invalid value/i;

function isBuiltIn(tool: ModelItem | undefined): boolean {
  return tool !== undefined && tool.type !== "function";
}

/** `text` is the whole body, because some gateways put the endpoint's own words deep inside; a body within a body lost its escapes. */
function wordsOf(error: APIError): { param: string; text: string } {
  const text = `${error.message} ${JSON.stringify(error.error ?? "")}`;
  return { param: error.param ?? "", text: text.replaceAll("\\", "") };
}
