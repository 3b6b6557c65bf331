/** What the rehearsal declares, how it follows the choice, and what it makes of lines with a mistake. */
import { describe, expect, test } from "vitest";
import { readDeclaration } from "#core/decision-tree/declaration";
import { observe } from "#core/decision-tree/deliberation";
import { decide } from "#core/decision-tree/tree";
import type { ModelItem } from "#models/model";
import { createRehearsalFetch } from "#models/rehearsal";
import { parseInstructions } from "#models/rehearsal-language";
import { declareAssumptionsTool } from "#protocol/declare-assumptions";
import { example } from "../core/decision-tree/examples.ts";
import { countedIds, recordedResponses, user } from "./model-server.ts";
import { answer, itemsOf, short, tools } from "./rehearsal-talk.ts";

const withDeclarations = [...tools, declareAssumptionsTool()];

/** The design page's worked example, in the rehearsal's words. */
const worked = `assume A1 p=0.7 kind=code_fact: A1 holds
assume A2 p=0.4 kind=code_fact: A2 holds
action patchX cost=0.10 gain[A1]=0.9 gain[!A1]=-0.2: write x.txt: patched
action refactor cost=0.15 gain[A1,A2]=1 gain[A1,!A2]=-0.3 gain[!A1,A2]=0.3 gain[!A1,!A2]=-0.3: run mv a b
action safeGuard cost=0.05 gain=0.35: say guarded
probe Q on=A1 se=0.9 sp=0.85 cost=0.03: test -f x.txt
ask askA1 on=A1 se=0.98 sp=0.98 cost=0.12: is A1 so?
ask askA2 on=A2 se=0.98 sp=0.98 cost=0.12: is A2 so?
decide`;

/** The smallest declaration: any line takes the place of one of these. */
const small = {
  assume: "assume A1 p=0.7 kind=code_fact: A1 holds",
  action: "action B cost=0.1 gain[A1]=0.9 gain[!A1]=-0.2: say B",
  probe: "probe Q on=A1 se=0.9 sp=0.85 cost=0.03: true",
  ask: "ask U on=A1 se=0.98 sp=0.98 cost=0.12: is it so?",
};

function declaring(over: Partial<typeof small> = {}, ...more: string[]): string {
  return [...Object.values({ ...small, ...over }), ...more, "decide"].join("\n");
}

/** The arguments of the call that a prompt makes. */
async function declaredBy(prompt: string) {
  const [call] = itemsOf(await answer([user(prompt)], { tools: withDeclarations }));
  expect(call).toMatchObject({ type: "function_call", name: "declare_assumptions", status: "completed" });
  return JSON.parse(String(call?.arguments));
}

/** Runs turns to their end; every declaration is answered by `answerTo`, every other call went well. */
class Turns {
  readonly input: ModelItem[] = [];

  private readonly answerTo: (call: unknown) => ModelItem["output"];

  constructor(answerTo: (call: unknown) => ModelItem["output"]) {
    this.answerTo = answerTo;
  }

  async turn(...prompts: string[]): Promise<string[]> {
    this.input.push(...prompts.map(user));
    const log: string[] = [];
    for (let isOver = false; !isOver; ) {
      const items = await this.step();
      log.push(...items.map(short));
      isOver = !items.some(({ type }) => type.endsWith("_call"));
    }
    return log;
  }

  async step(): Promise<ModelItem[]> {
    const items = itemsOf(await answer(this.input, { tools: withDeclarations }));
    this.input.push(...items);
    for (const call of items.filter(({ type }) => type.endsWith("_call"))) {
      const output =
        call.type === "function_call"
          ? this.answerTo(JSON.parse(String(call.arguments)))
          : [{ stdout: "", stderr: "", outcome: { type: "exit", exit_code: 0 } }];
      this.input.push({ type: `${call.type}_output`, call_id: call.call_id, status: "completed", output });
    }
    return items;
  }
}

function choosing(kind: string, id: string) {
  return () => JSON.stringify({ mode: "steer", chosen: { kind, id, because: "so it was computed" } });
}

describe("a declaration", () => {
  test("is read as the design page's worked example, number by number", async () => {
    const { deliberation, warnings } = readDeclaration(await declaredBy(worked), { takesNumbers: true });
    expect(warnings).toEqual([]);
    const page = example();
    expect(deliberation.assumptions).toEqual(page.assumptions.map((assumption) => ({ ...assumption, source: "trace" })));
    const lines = ["write x.txt: patched", "run mv a b", "say guarded"];
    expect(deliberation.actions).toEqual(
      page.actions.map((action, index) => ({ ...action, kind: "tool", description: lines[index] })),
    );
    expect(deliberation.probes).toEqual(
      page.probes.map((probe) =>
        probe.kind === "tool" ? { ...probe, method: "command", command: "test -f x.txt" } : { ...probe, defaultAnswer: null },
      ),
    );
    expect(deliberation).toMatchObject({ safeActionId: "safeGuard", budget: page.budget });
    const { actions, chosen } = decide(deliberation);
    const utilities = actions.map(({ id, expectedUtility }) => [id, Number(expectedUtility.toFixed(4))]);
    expect(utilities).toEqual([
      ["patchX", 0.47],
      ["refactor", -0.014],
      ["safeGuard", 0.3],
    ]);
    expect(chosen).toMatchObject({ kind: "probe", id: "Q" });
  });

  test("is one call, in the events that the real API sent for a function", async () => {
    const fetch = createRehearsalFetch({ newId: countedIds(), sleep: async () => {} });
    const body = JSON.stringify({ model: "rehearsal", input: [user(worked)], tools: withDeclarations });
    const text = await (await fetch("http://rehearsal.invalid/v1/responses", { method: "POST", body })).text();
    const types = text.match(/(?<=^event: ).*$/gm) ?? [];
    const recorded = (recordedResponses("reasoning-encrypted-content.1.jsonl")[1] ?? []).map(({ type }) => type);
    expect(types).toEqual(recorded.filter((type, index) => type !== recorded[index - 1]));
  });

  test("may leave out numbers, say that something cannot be undone, and stand between other lines", async () => {
    const prompt = `assume A1 p=1 kind=user_intent: it: is meant
think hard
action push cost=.25 gain=1 gain[!A1]=-1 irreversible: run git push origin main: ok
  ask U on=A1:   shall I: push?
action wait gain=0 : write a: b
probe Q on=A1: test -e x
decide
say end`;
    const [thought, call] = itemsOf(await answer([user(prompt)], { tools: withDeclarations }));
    expect(short(thought ?? user(""))).toBe("think hard");
    expect(JSON.parse(String(call?.arguments))).toEqual({
      assumptions: [{ id: "A1", text: "it: is meant", kind: "user_intent", probability: 1 }],
      actions: [
        {
          id: "push",
          kind: "tool",
          description: "run git push origin main: ok",
          gains: [
            { when: [], gain: 1 },
            { when: ["!A1"], gain: -1 },
          ],
          cost: 0.25,
          irreversible: true,
        },
        { id: "wait", kind: "tool", description: "write a: b", gains: [{ when: [], gain: 0 }], irreversible: false },
      ],
      probes: [{ id: "Q", assumption: "A1", method: "command", command: "test -e x", true_when: "succeeds" }],
      questions: [{ id: "U", assumption: "A1", text: "shall I: push?" }],
      safe_action: "wait",
    });
  });

  test("names the action as safe that can be undone and loses least whatever is true, the last of equals", async () => {
    const actions = [
      "action risky gain[A1]=0.9 gain[!A1]=-0.2: say risky",
      "action push gain=0.5 irreversible: run git push",
      "action wait gain=0.1: say wait",
      "action guard gain=0.1: say guard",
      "action half gain[A1]=0.9: say half",
    ];
    expect((await declaredBy(declaring({ action: actions.join("\n") }))).safe_action).toBe("guard");
    const [, , , , half] = actions;
    // What is not said of a case is taken to lose a little there.
    expect((await declaredBy(declaring({ action: [half, actions[0]].join("\n") }))).safe_action).toBe("half");
  });

  test("says what is taken when nobody answers, where the line says it", async () => {
    const asks = ["ask U on=A1 se=0.9 default=yes: is it?", "ask V on=A1 default=no: is it not?", "ask W on=A1: or?"];
    const call = await declaredBy(declaring({ ask: asks.join("\n") }));
    expect(call.questions.map(({ answer_if_silent }: { answer_if_silent?: boolean }) => answer_if_silent)).toEqual([
      true,
      false,
      undefined,
    ]);
    const { deliberation } = readDeclaration(call, { takesNumbers: true });
    expect(deliberation.probes.flatMap((probe) => (probe.kind === "user" ? probe.defaultAnswer : []))).toEqual([
      true,
      false,
      null,
    ]);
  });

  test("of nothing but what cannot be undone is made too, without a safe action", async () => {
    const call = await declaredBy(declaring({ action: "action push gain[A1]=1 gain[!A1]=-1 irreversible: run git push" }));
    expect(call.safe_action).toBeNull();
    const { deliberation } = readDeclaration(call, { takesNumbers: true });
    expect(deliberation.actions.map(({ id }) => id)).toEqual(["push", "_stop"]);
  });
});

describe("the choice", () => {
  test("is followed: the line of the action takes the declaration's place, and the rest of the message comes after it", async () => {
    const outcomes = [
      ["patchX", "create_file x.txt"],
      ["refactor", "run mv a b"],
      ["safeGuard", "say guarded"],
    ] as const;
    for (const [id, done] of outcomes) {
      const turns = new Turns(choosing("act", id));
      expect(await turns.turn(`say begin\n${worked}\nsay end`)).toEqual([
        "say begin",
        "call declare_assumptions",
        done,
        "say end",
      ]);
      expect(await turns.turn("say next")).toEqual(["say next"]);
    }
  });

  test("follows what the loop found out: the look-up refutes the likeliest assumption, and the safe action is done", async () => {
    const loop = (observed: boolean) => (call: unknown) => {
      let { deliberation } = readDeclaration(call, { takesNumbers: true });
      while (decide(deliberation).chosen.kind !== "act") {
        deliberation = observe(deliberation, decide(deliberation).chosen.id, observed, 1);
      }
      return JSON.stringify({ mode: "steer", chosen: decide(deliberation).chosen });
    };
    expect(await new Turns(loop(true)).turn(worked)).toEqual(["call declare_assumptions", "create_file x.txt", "say Done."]);
    expect(await new Turns(loop(false)).turn(worked)).toEqual(["call declare_assumptions", "say guarded"]);
  });

  test("is read from parts of text too, as tools with pictures answer", async () => {
    const output = [{ type: "input_text", text: choosing("act", "safeGuard")() }];
    expect(await new Turns(() => output).turn(worked)).toEqual(["call declare_assumptions", "say guarded"]);
  });

  test("of nothing is told in a message that ends what was asked for; a steer is still done", async () => {
    const refusals = [
      ['{"mode":"steer","chosen":{"kind":"none"},"message":"patchX is held for approval."}', "patchX is held for approval."],
      ['{"mode":"steer"}', '{"mode":"steer"}'],
      ['{"chosen":{"kind":"act","id":"_stop"}}', "the choice is act _stop"],
      ['{"chosen":{"kind":"probe","id":"Q"}}', "the choice is probe Q"],
      ["There is no tool `declare_assumptions` here.\nmore", "There is no tool `declare_assumptions` here."],
      ["7", "7"],
    ] as const;
    for (const [output, reason] of refusals) {
      const said = `say Nothing that was declared is done: ${reason}`;
      expect(await new Turns(() => output).turn(`${worked}\nsay never`)).toEqual(["call declare_assumptions", said]);
      expect(await new Turns(() => output).turn(`${worked}\nsay never`, "say steered")).toEqual([
        "call declare_assumptions",
        said,
        "say steered",
      ]);
    }
  });

  test("that never came is not waited for again", async () => {
    const declaration = itemsOf(await answer([user(worked)], { tools: withDeclarations }));
    for (const offered of [withDeclarations, tools]) {
      const items = itemsOf(await answer([user(worked), ...declaration], { tools: offered }));
      expect(items.map(short)).toEqual(["say The declaration was not answered, so nothing that was declared is done."]);
      const later = [user(worked), ...declaration, ...items, user("say next")];
      expect(itemsOf(await answer(later, { tools: offered })).map(short)).toEqual(["say next"]);
    }
  });

  test("is gone with the turn that was aborted, before its answer and after it", async () => {
    const aborted = user("<turn_aborted>\nThe user interrupted the previous turn on purpose.\n</turn_aborted>");
    const turns = new Turns(choosing("act", "patchX"));
    turns.input.push(user(worked));
    await turns.step();
    for (const input of [turns.input, turns.input.slice(0, 2)]) {
      const items = itemsOf(await answer([...input, aborted, user("say b")], { tools: withDeclarations }));
      expect(items.map(short)).toEqual(["say b"]);
    }
  });

  test("is continued alike from the input alone, wherever the turn stopped", async () => {
    const prompt = `think t\n${worked}\nsay between\n${declaring({}, small.action.replaceAll("B", "C"))}\nsay end`;
    const choice = (call: unknown) => choosing("act", JSON.stringify(call).includes("patchX") ? "refactor" : "C")();
    const whole = new Turns(choice);
    const log = await whole.turn(prompt);
    expect(log).toEqual([
      "think t",
      "call declare_assumptions",
      "run mv a b",
      "say between",
      "call declare_assumptions",
      "say C",
      "say end",
    ]);
    for (let length = 1; length < whole.input.length; length += 1) {
      if (whole.input[length]?.type.endsWith("_output")) continue;
      const resumed = new Turns(choice);
      resumed.input.push(...whole.input.slice(0, length));
      const done = whole.input.slice(1, length).filter(({ type }) => !type.endsWith("_output"));
      expect([...done.map(short), ...(await resumed.turn())], `stopped at ${length}`).toEqual(log);
    }
  });
});

describe("where nobody decides", () => {
  const notOffered = "say Tools are not available here: this thread offers no `declare_assumptions`.";

  async function without(prompt: string): Promise<string[]> {
    const input = [user(prompt)];
    const log: string[] = [];
    for (let isOver = false; !isOver; ) {
      // The response's messages may reach the next request one by one, when somebody steers in between.
      const [item] = itemsOf(await answer(input, { tools }));
      if (!item || short(item) === "say Done.") return log;
      input.push(item);
      log.push(short(item));
      isOver = log.length > 10;
    }
    return log;
  }

  test("the safe action is done, after a word on why", async () => {
    const last = `action last gain=0.1: run make\n${worked}`.replace("say guarded", "delete x.txt");
    expect(await without(`${last}\nsay end`)).toEqual([notOffered, "delete_file x.txt", "say end"]);
    const items = itemsOf(await answer([user(`${worked}\nsay end`)], { tools }));
    expect(items.map(short)).toEqual([notOffered, "say guarded", "say end"]);
  });

  test("nothing is done that cannot be undone", async () => {
    const push = declaring({ action: "action push gain=1 irreversible: run git push" }, "say between");
    expect(await without(`${push}\nsay end`)).toEqual(["say between", notOffered, "say end"]);
  });
});

describe("a line with a mistake", () => {
  const mistakes: [what: string, prompt: string][] = [
    ["no colon", declaring({ assume: "assume A1 p=0.7 kind=code_fact A1 holds" })],
    ["no id", declaring({ assume: "assume : A1 holds" })],
    ["an id that is no word", declaring({ assume: "assume 1A p=0.7 kind=code_fact: A1 holds" })],
    ["no text", declaring({ assume: "assume A1 p=0.7 kind=code_fact:" })],
    ["a text that is too long", declaring({ assume: `assume A1 p=0.7 kind=code_fact: ${"x".repeat(401)}` })],
    ["no probability", declaring({ assume: "assume A1 kind=code_fact: A1 holds" })],
    ["a probability above 1", declaring({ assume: "assume A1 p=1.1 kind=code_fact: A1 holds" })],
    ["a probability in words", declaring({ assume: "assume A1 p=likely kind=code_fact: A1 holds" })],
    ["an empty number", declaring({ assume: "assume A1 p= kind=code_fact: A1 holds" })],
    ["a number in another form", declaring({ assume: "assume A1 p=7e-1 kind=code_fact: A1 holds" })],
    ["a kind that is none", declaring({ assume: "assume A1 p=0.7 kind=hunch: A1 holds" })],
    ["the same option twice", declaring({ assume: "assume A1 p=0.7 p=0.8 kind=code_fact: A1 holds" })],
    ["an option of another word", declaring({ assume: "assume A1 p=0.7 kind=code_fact cost=0.1: A1 holds" })],
    ["an option that is none", declaring({ probe: "probe Q on=A1 __proto__=1: true" })],
    ["an option that names a field", declaring({ probe: "probe Q on=A1 text=false: true" })],
    ["the same id twice", declaring({}, small.assume.replace("A1 holds", "something else"))],
    ["the same words twice", declaring({}, small.assume.replace("A1", "A2"))],
    ["no gain", declaring({ action: "action B cost=0.1: say B" })],
    ["a gain above 1", declaring({ action: "action B gain=1.5: say B" })],
    ["a gain without a number", declaring({ action: "action B gain: say B" })],
    ["a cost below 0", declaring({ action: "action B cost=-0.1 gain=1: say B" })],
    ["a cost above all gains", declaring({ action: "action B cost=10.5 gain=1: say B" })],
    ["a gain that depends on nothing declared", declaring({ action: "action B gain[A9]=1: say B" })],
    ["a gain that contradicts itself", declaring({ action: "action B gain[A1,!A1]=1: say B" })],
    ["two gains for one case", declaring({ action: "action B gain[A1]=1 gain[A1]=0: say B" })],
    [
      "a gain that depends on three",
      declaring(
        { action: "action B gain[A1,A2,A3]=1: say B" },
        small.assume.replaceAll("A1", "A2"),
        small.assume.replaceAll("A1", "A3"),
      ),
    ],
    ["irreversible with a value", declaring({ action: "action B gain=1 irreversible=yes: say B" })],
    ["irreversible that is no action", declaring({ probe: "probe Q on=A1 irreversible: true" })],
    ["an action that does nothing", declaring({ action: "action B gain=1:" })],
    ["an action that is no line", declaring({ action: "action B gain=1: fix the bug" })],
    ["an action that declares", declaring({ action: `action B gain=1: ${small.assume}` })],
    ["an action that decides", declaring({ action: "action B gain=1: decide" })],
    ["a probe of nothing declared", declaring({ probe: "probe Q on=A9 se=0.9 sp=0.85: true" })],
    ["a probe of nothing", declaring({ probe: "probe Q se=0.9 sp=0.85: true" })],
    ["a probe without a command", declaring({ probe: "probe Q on=A1 se=0.9 sp=0.85:" })],
    ["a command that is too long", declaring({ probe: `probe Q on=A1: ${"x".repeat(2_001)}` })],
    ["a sensitivity above 1", declaring({ probe: "probe Q on=A1 se=9: true" })],
    ["a specificity below 0", declaring({ ask: "ask U on=A1 sp=-1: is it so?" })],
    ["a default that is neither yes nor no", declaring({ ask: "ask U on=A1 default=maybe: is it so?" })],
    ["a default of nothing that is asked", declaring({ probe: "probe Q on=A1 default=yes: true" })],
    ["a question without words", declaring({ ask: "ask U on=A1:" })],
    ["a question with a probe's id", declaring({ ask: small.ask.replace("U", "Q") })],
    ["nine actions", declaring({}, ...Array.from({ length: 8 }, (_, index) => small.action.replace("B", `B${index}`)))],
    ["no action", `${small.assume}\ndecide`],
    ["nothing to decide", "decide"],
    ["no decide", `${small.assume}\n${small.action}`],
  ];

  test.each(mistakes)("is explained, and nothing of its declaration is done: %s", async (_, prompt) => {
    expect(parseInstructions(prompt)).toEqual([{ type: "explain" }]);
    const items = itemsOf(await answer([user(prompt)], { tools: withDeclarations })).map(short);
    expect(items).toEqual([expect.stringMatching(/^say This is `rehearsal`.*`decide` has the lines before it weighed/s)]);
  });

  test("leaves other lines and other declarations as they are, and is explained once", async () => {
    const broken = declaring({ probe: "probe Q on=A1 se=9: true" });
    const types = parseInstructions(`say a\n${broken}\nwhat?\n${declaring()}\nsay b\nassume`).map(({ type }) => type);
    expect(types).toEqual(["say", "explain", "decide", "say"]);
    const open = `say a\n${small.assume}\nsay b`;
    expect(parseInstructions(open).map(({ type }) => type)).toEqual(["say", "say", "explain"]);
  });

  test("as long as a message may be is refused at once", () => {
    const hostile = ["a[", "gain[", "gain[A1,", "p=", "1", " ", "p=1 ", "assume A1 p=0.7 kind=code_fact: x\n"];
    for (const part of hostile) {
      const message = `action B ${part.repeat(1_000_000 / part.length)}: say a\ndecide`;
      expect(parseInstructions(message)).toContainEqual({ type: "explain" });
    }
  });
});
