/** The rehearsal's lines that declare what is assumed, what could be done and how it can be found out; and the call they make. */
import * as z from "zod";
import { type Action, worstGain } from "#core/decision-tree/action";
import { readDeclaration } from "#core/decision-tree/declaration";
import type { Deliberation } from "#core/decision-tree/deliberation";
import { limits } from "#core/limits";
import { assumptionKind } from "#protocol/declare-assumptions";

/** A plain decimal number. Lengths are bounded, so that no line makes the expression slow. */
function decimal(min: number, max: number) {
  const written = z.string().regex(/^-?(\d{1,6}(\.\d{1,17})?|\.\d{1,17})$/);
  return written.transform(Number).pipe(z.number().min(min).max(max));
}

const share = decimal(0, 1);
const price = decimal(0, limits.declaredPriceMax);
const text = z.string().max(limits.declaration.textCharactersMax);
const command = z.string().max(limits.declaration.commandCharactersMax);
const gain = z.object({ when: z.array(z.string()), gain: decimal(-1, 1) });
/** A number that is left out is the usual one of its kind. */
const sensor = { on: z.string(), se: share.optional(), sp: share.optional(), cost: price.optional() };

/**
 * Examples: `assume A1 p=0.7 kind=code_fact path=src/app.ts: TEXT` (`path` may be left out) · `action B cost=0.10 gain[A1]=0.9 gain[!A1]=-0.2 irreversible: LINE` ·
 * `probe Q on=A1 se=0.9 sp=0.85 cost=0.03: COMMAND` ·
 * `ask Q on=A1 se=0.98 sp=0.98 cost=0.12 default=yes: QUESTION` (`default` is taken when nobody answers, and may be left out)
 */
const declaredLine = z.discriminatedUnion("word", [
  z.strictObject({ word: z.literal("assume"), id: z.string(), text, p: share, kind: assumptionKind, path: text.optional() }),
  z.strictObject({
    word: z.literal("action"),
    id: z.string(),
    text: z.string(),
    gains: z.array(gain),
    cost: price.optional(),
    irreversible: z.literal(true).optional(),
  }),
  z.strictObject({ word: z.literal("probe"), id: z.string(), text: command, ...sensor }),
  z.strictObject({ word: z.literal("ask"), id: z.string(), text, ...sensor, default: z.enum(["yes", "no"]).optional() }),
]);
export type DeclaredLine = z.infer<typeof declaredLine>;

/** Undefined when the line declares nothing, null when it means to and has a mistake. What its ids name is seen at `decide`. */
export function parseDeclared(line: string): DeclaredLine | null | undefined {
  const [word = ""] = line.split(/\s/, 1);
  if (!["assume", "action", "probe", "ask"].includes(word)) return undefined;
  const colon = line.indexOf(":");
  // Without figures it asks the person at once: `ask QUESTION: A | B`.
  if (word === "ask" && !/\s(on|se|sp|cost|default)=/.test(colon < 0 ? line : line.slice(0, colon))) return undefined;
  if (colon < 0) return null;
  const [, id, ...options] = line.slice(0, colon).trim().split(/\s+/);
  const fields = new Map<string, unknown>([
    ["word", word],
    ["id", id],
    ["text", line.slice(colon + 1).trim()],
  ]);
  const gains: { when: string[]; gain: string }[] = [];
  if (word === "action") fields.set("gains", gains);
  for (const option of options) {
    const equals = option.indexOf("=");
    const name = equals < 0 ? option : option.slice(0, equals);
    const value = equals < 0 ? true : option.slice(equals + 1);
    const when = gainCase(name);
    if (word === "action" && when && typeof value === "string") gains.push({ when, gain: value });
    else if (fields.has(name)) return null;
    else fields.set(name, value);
  }
  return declaredLine.safeParse(Object.fromEntries(fields)).data ?? null;
}

/** `gain[A1,!A2]` is the case of A1 and not A2, `gain` is every case. */
function gainCase(name: string): string[] | null {
  if (name === "gain") return [];
  return name.startsWith("gain[") && name.endsWith("]") ? name.slice("gain[".length, -1).split(",") : null;
}

export interface Declaration {
  /** The arguments of `declare_assumptions`, with numbers where a model has words: for `readDeclaration` with `takesNumbers`. */
  call: Record<string, unknown>;
  /** Of the actions that can be undone the one whose worst case is best, the last of equals; null when there is none. */
  safeActionId: string | null;
}

/** All that was declared until `decide`; null when it makes no sense as a whole, such as a probe of something that is not declared. */
export function declarationOf(lines: readonly DeclaredLine[]): Declaration | null {
  const call = {
    assumptions: lines.flatMap((line) =>
      line.word === "assume" ? { id: line.id, text: line.text, kind: line.kind, probability: line.p, path: line.path } : [],
    ),
    actions: lines.flatMap((line) => {
      if (line.word !== "action") return [];
      const { id, gains, cost, irreversible = false } = line;
      return {
        id,
        kind: "tool",
        description: line.text.slice(0, limits.declaration.textCharactersMax),
        gains,
        cost,
        irreversible,
      };
    }),
    probes: lines.flatMap((line) =>
      line.word === "probe" ? { ...aboutAssumption(line), method: "command", command: line.text, true_when: "succeeds" } : [],
    ),
    questions: lines.flatMap((line) =>
      line.word === "ask"
        ? { ...aboutAssumption(line), text: line.text, ...(line.default ? { answer_if_silent: line.default === "yes" } : {}) }
        : [],
    ),
  };
  // The reader that the call is for is the judge of it. Without a safe action it says so, and has its own.
  const { deliberation, warnings } = readDeclaration(call, { takesNumbers: true });
  const safeActionId = safestOf(deliberation);
  return warnings.length > 1 ? null : { call: { ...call, safe_action: safeActionId }, safeActionId };
}

function safestOf({ actions }: Deliberation): string | null {
  const safe = actions.filter(({ kind, cost }) => kind !== "stop" && !cost.irreversible);
  const safest = safe.reduce<Action | null>((best, next) => (best && worstGain(best) > worstGain(next) ? best : next), null);
  return safest?.id ?? null;
}

function aboutAssumption({ id, on, se, sp, cost }: Extract<DeclaredLine, { word: "probe" | "ask" }>) {
  return { id, assumption: on, sensitivity: se, specificity: sp, cost };
}
