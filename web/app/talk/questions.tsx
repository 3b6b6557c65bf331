/** What the agent asks: one of some answers, or one's own words. */

import type { TargetedInputEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest } from "#core/thread";
import type { Question } from "#protocol/server-requests";
import { Visible } from "../diff/visible.tsx";
import { durationText } from "./amounts.ts";
import { focusUnlessBusy } from "./focus.ts";

type QuestionRequest = Extract<PendingRequest, { method: "item/tool/requestUserInput" }>;

/** What is chosen: an option by its label, or one's own words. */
interface Chosen {
  label: string | null;
  words: string;
}

const nothing: Chosen = { label: null, words: "" };

interface QuestionsProps {
  request: QuestionRequest;
  thread: ThreadHandle;
  /** See `OpenedThread`. */
  drawn: number;
}

export function Questions({ request, thread }: QuestionsProps) {
  const [chosen, setChosen] = useState<Record<string, Chosen>>({});
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => focusUnlessBusy(form.current), []);
  const { questions, autoResolutionMs, turnId } = request.params;
  const isAnswered = !thread.questions.includes(request);
  const answerOf = ({ id }: Question): string => {
    const { label, words } = chosen[id] ?? nothing;
    return label ?? words.trim();
  };
  const isComplete = questions.every((question) => answerOf(question) !== "");
  const send = (event: Event) => {
    event.preventDefault();
    if (!isComplete || isAnswered) return;
    thread.reply(request.id, {
      answers: Object.fromEntries(questions.map((asked) => [asked.id, { answers: [answerOf(asked)] }])),
    });
  };
  const askedAtMs = thread.notes[turnId]?.askedAtMs?.[request.id];
  return (
    <form class="approval question" ref={form} tabIndex={-1} aria-label="Question" onSubmit={send}>
      {questions.map((asked) => (
        <OneQuestion
          key={asked.id}
          name={`${request.id}/${asked.id}`}
          asked={asked}
          chosen={chosen[asked.id] ?? nothing}
          choose={(choice) => setChosen({ ...chosen, [asked.id]: choice })}
          isAnswered={isAnswered}
        />
      ))}
      <div class="choices">
        <button type="submit" disabled={isAnswered || !isComplete}>
          {isAnswered ? "Answered" : "Answer"}
        </button>
        {autoResolutionMs !== null && askedAtMs !== undefined && <Countdown untilMs={askedAtMs + autoResolutionMs} />}
      </div>
    </form>
  );
}

interface OneQuestionProps {
  name: string;
  asked: Question;
  chosen: Chosen;
  choose(chosen: Chosen): void;
  isAnswered: boolean;
}

function OneQuestion({
  name,
  asked: { header, question, options, isOther, isSecret },
  chosen,
  choose,
  isAnswered,
}: OneQuestionProps) {
  const takesWords = !options?.length || isOther;
  const field = {
    autocomplete: "off",
    class: "words",
    "aria-label": options?.length ? "Your own answer" : question,
    placeholder: options?.length ? "Something else" : "Your answer",
    value: chosen.words,
    disabled: isAnswered,
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => choose({ label: null, words: event.currentTarget.value }),
  };
  return (
    <fieldset>
      <legend>
        {header && (
          <strong>
            <Visible kind="prose" text={header} />{" "}
          </strong>
        )}
        <Visible kind="prose" text={question} />
      </legend>
      {options?.map(({ label, description }) => (
        <label key={label} class="option">
          <input
            type="radio"
            name={name}
            checked={chosen.label === label}
            disabled={isAnswered}
            onChange={() => choose({ ...chosen, label })}
          />
          <span>
            <Visible kind="prose" text={label} />
            {description && (
              <span class="reason">
                {" "}
                <Visible kind="prose" text={description} />
              </span>
            )}
          </span>
        </label>
      ))}
      {takesWords && (isSecret ? <input type="password" {...field} /> : <input {...field} />)}
    </fieldset>
  );
}

function Countdown({ untilMs }: { untilMs: number }) {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <span class="reason">Goes on without you in {durationText(Math.max(0, untilMs - nowMs))}</span>;
}
