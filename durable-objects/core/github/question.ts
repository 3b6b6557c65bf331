/** A question of the agent in a comment: which ones can be asked there, and what a person's text answers. */
import { githubTextLimits } from "#core/limits";
import type { Question } from "#protocol/server-requests";

/**
 * The questions as a comment can show them whole, each with what can be chosen; null for what is better asked in a client: a secret,
 * which a comment would tell everybody, and more than people read there.
 */
export function askable(questions: readonly Question[]): readonly Question[] | null {
  const { questionsMax, questionOptionsMax, questionCharactersMax, sentenceCharactersMax } = githubTextLimits;
  const texts = questions.flatMap(({ question, options }) => [
    question,
    ...(options ?? []).flatMap(({ label, description }) => [label, description]),
  ]);
  const isShort =
    questions.length > 0 &&
    questions.length <= questionsMax &&
    questions.every(({ options }) => (options ?? []).length <= questionOptionsMax) &&
    texts.every(({ length }) => length <= sentenceCharactersMax) &&
    texts.reduce((sum, { length }) => sum + length, 0) <= questionCharactersMax;
  return isShort && !questions.some(({ isSecret }) => isSecret) ? questions : null;
}

/** Whether an answer may be in a person's own words. */
export function takesWords({ isOther, options }: Question): boolean {
  return isOther || (options ?? []).length === 0;
}

export type ReadAnswer =
  /** Question id → what was chosen or written, as `item/tool/requestUserInput` is answered. */
  | { answers: Record<string, { answers: string[] }> }
  /** `mistake`: one sentence of ours. */
  | { mistake: string };

/** One question is answered by all of the text, several by a line each, in their order. */
export function readAnswer(text: string, questions: readonly Question[]): ReadAnswer {
  const lines = questions.length === 1 ? [text.trim()] : text.split("\n").flatMap((line) => line.trim() || []);
  if (lines.length !== questions.length) {
    return { mistake: `These are ${questions.length} questions: answer each on a line of its own, in their order.` };
  }
  const answers: [id: string, { answers: string[] }][] = [];
  for (const [index, question] of questions.entries()) {
    const chosen = choose(lines[index] ?? "", question);
    if (typeof chosen !== "string")
      return { mistake: questions.length === 1 ? chosen.mistake : `${index + 1}: ${chosen.mistake}` };
    answers.push([question.id, { answers: [chosen] }]);
  }
  // A model chooses the ids: none of them is a prototype.
  return { answers: Object.fromEntries(answers) };
}

/** An option's number as it is listed, its label in any case, or words where they are allowed. "2." is always the number. */
function choose(line: string, question: Question): string | { mistake: string } {
  const options = question.options ?? [];
  const [, digits = "", point = ""] = /^(\d{1,3})([.)]?)$/.exec(line) ?? [];
  const numbered = digits === "" ? undefined : options[Number(digits) - 1];
  if (numbered && point !== "") return numbered.label;
  const labeled = options.find(({ label }) => label.trim().toLowerCase() === line.toLowerCase());
  if (numbered && labeled && numbered !== labeled) {
    return { mistake: `\`${digits}\` is the number of one option and the label of another; \`${digits}.\` means the number.` };
  }
  const option = labeled ?? numbered;
  if (option) return option.label;
  if (takesWords(question) && line !== "") return line;
  return { mistake: `Answer with an option's number, 1 to ${options.length}, or its label; nothing was answered.` };
}
