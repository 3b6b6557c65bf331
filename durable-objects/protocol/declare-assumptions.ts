/**
 * The function tool by which a model says what it assumes before a costly step. It says how likely in words of one to five and what an
 * action would gain in buckets; probabilities of paths and utilities are computed. Source of the shape: PCE (arXiv 2602.04326).
 */
import * as z from "zod";
import { declarationBounds } from "./declaration-bounds.ts";

export const declaredId = z.string().regex(/^[A-Za-z][\w-]{0,31}$/);

/** What an assumption is about: each kind is calibrated for itself. */
export const assumptionKind = z.enum(["code_fact", "env_fact", "user_intent", "tool_effect", "plan_effect"]);
export type AssumptionKind = z.infer<typeof assumptionKind>;

/** 1: very unlikely … 5: very likely. */
export const likelihood = z.literal([1, 2, 3, 4, 5]);
export type Likelihood = z.infer<typeof likelihood>;

/** 1: breaks something … 3: changes nothing … 5: reaches the goal. */
export const gainBucket = z.literal([1, 2, 3, 4, 5]);
export type GainBucket = z.infer<typeof gainBucket>;

/** How evidence is come by; `user` is a person's word. */
export const toolProbeMethod = z.enum(["tests", "search", "file_exists", "command"]);
export type ProbeMethod = z.infer<typeof toolProbeMethod> | "user";

export const actionKind = z.enum(["tool", "patch", "ask_user", "answer", "stop"]);
export const trueWhen = z.enum(["succeeds", "fails"]);

const assumption = z.strictObject({
  id: z.string().describe("Short, for example A1."),
  text: z.string().describe("One statement that is true or false, can be checked, and names something you saw."),
  kind: assumptionKind,
  likelihood: likelihood.describe("How likely it is true: 1 very unlikely, 3 even, 5 very likely."),
  path: z.string().nullable().describe("The file it is about."),
  quote: z.string().nullable().describe("Your words that rely on it."),
  excludes: z.string().nullable().describe("A name shared by assumptions of which at most one can be true."),
});

const action = z.strictObject({
  id: z.string().describe("Short, for example patch."),
  kind: actionKind,
  description: z.string(),
  gains: z
    .array(
      z.strictObject({
        when: z
          .array(z.string())
          .describe('The case: ids of assumptions that hold, with "!" before those that do not: ["A1", "!A2"].'),
        gain: gainBucket.describe("1 breaks something, 2 sets back, 3 changes nothing, 4 helps, 5 reaches the goal."),
      }),
    )
    .describe(
      "What it gains in each case, over at most two assumptions in all; one entry with an empty `when` if it does not matter.",
    ),
  tokens: z.int().describe("Roughly what it costs."),
  seconds: z.int().describe("Roughly how long it takes."),
  irreversible: z.boolean().describe("It cannot be undone: a push, a deletion outside the workspace, a message."),
});

const probe = z.strictObject({
  id: z.string(),
  assumption: z.string().describe("The assumption's id."),
  method: toolProbeMethod,
  command: z.string().describe("A shell command that only looks and whose exit code tells."),
  true_when: trueWhen.describe("Whether the assumption is true when the command succeeds, or when it fails."),
  seconds: z.int(),
});

const question = z.strictObject({
  assumption: z.string().describe("The assumption's id."),
  text: z.string().describe("One question to the person that yes or no answers."),
  answer_if_silent: z.boolean().describe("What you take to be so if nobody answers."),
});

/** Example: `{"assumptions":[{"id":"A1","text":"src/app.ts is the only caller of load","kind":"code_fact","likelihood":4,"path":"src/app.ts","quote":null,"excludes":null}],"actions":[…],"probes":[…],"question":null,"safe_action":"ask"}` */
export const declareAssumptionsParams = z.strictObject({
  assumptions: z.array(assumption).max(declarationBounds.assumptionsMax),
  actions: z.array(action).min(1).max(declarationBounds.actionsMax),
  probes: z.array(probe).max(declarationBounds.probesMax).describe("Cheap ways to check an assumption first."),
  question: question.nullable().describe("Only about what the person wants, and only if nothing else can tell."),
  safe_action: z.string().describe("The id of the action that does no harm whatever is true."),
});
export type DeclareAssumptionsParams = z.infer<typeof declareAssumptionsParams>;

export const declareAssumptionsName = "declare_assumptions";

/** As it stands in a model's `tools`, `strict`: the endpoint holds the model to it. */
export function declareAssumptionsTool() {
  parameters ??= withoutDialect(z.toJSONSchema(declareAssumptionsParams));
  const description =
    "Call this before a step that is costly or cannot be undone and rests on something you have not seen: says what you assume, what could be done, and how it can be checked. What to do first is computed from it and comes back.";
  return { type: "function", name: declareAssumptionsName, description, strict: true, parameters };
}

/** Made once, when it is first needed: every request to a model carries it. */
let parameters: object | null = null;

function withoutDialect({ $schema, ...schema }: { $schema?: unknown }): object {
  return schema;
}
