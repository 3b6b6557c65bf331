/** What is assumed, how likely each of it is, and (in words) what speaks for it. */

import type { ThreadItem } from "#protocol/item";
import { Visible } from "../diff/visible.tsx";
import { moment, percent } from "../figures.ts";
import { hrefOf } from "../place.ts";
import { type Evidence, ratioInWords } from "./changes.ts";
import { Bar, statusClass } from "./picture.tsx";
import type { Shown } from "./shown.ts";

export const kindWords = {
  code_fact: "a fact of the code",
  env_fact: "a fact of the surroundings",
  user_intent: "what the person wants",
  tool_effect: "what a tool does",
  plan_effect: "what a plan leads to",
} as const;

export function Assumptions({ shown, isText }: { shown: Shown; isText: boolean }) {
  return (
    <ul class="assumptions">
      {shown.tree.assumptions.map(({ id, text, kind, probability, status, evidence }) => (
        <li key={id}>
          <button
            type="button"
            class="quiet assumption"
            aria-expanded={shown.selectedId === id}
            onClick={({ currentTarget }) => shown.select(id, currentTarget)}
          >
            <span class="name">
              <b>
                <Visible text={id} />
              </b>{" "}
              <span class="kind">{kindWords[kind]}</span>
              {status !== "open" && <span class={`badge ${statusClass[status]}`}>{status}</span>}
            </span>
            <span class="words">
              <Visible kind="prose" text={text} />
            </span>
            <span class="chance">
              <Bar share={probability} />
              <span>{percent(probability)}</span>
            </span>
            <span class="kind">
              {evidence.length === 0
                ? "no evidence yet"
                : evidence.length === 1
                  ? "1 piece of evidence"
                  : `${evidence.length} pieces of evidence`}
            </span>
          </button>
          {isText && evidence.length > 0 && <EvidenceList evidence={evidence} items={[]} threadId="" />}
        </li>
      ))}
    </ul>
  );
}

/** `items`: of the turn, so that what was looked up can be found in the talk. */
export function EvidenceList({
  evidence,
  items,
  threadId,
}: {
  evidence: readonly Evidence[];
  items: readonly ThreadItem[];
  threadId: string;
}) {
  return (
    <ol class="evidence">
      {evidence.map((one) => {
        const item = itemBehind(one, items);
        return (
          <li key={`${one.by} ${one.atMs}`} class={one.isStale ? "stale" : ""}>
            <p>
              <b>{whoWords(one)}</b> it is {one.observed ? "so" : "not so"}
              {one.isStale && <span class="badge asking">stale</span>}
            </p>
            <p class="detail">
              {percent(one.probabilityBefore)} → {percent(one.probabilityAfter)}; {ratioInWords(one)}
              {one.weight < 1 && one.method !== "default" && `, counted ${percent(one.weight)}`}
            </p>
            <p class="detail">
              <time dateTime={new Date(one.atMs).toISOString()}>{moment(one.atMs)}</time>
              {item && (
                <>
                  {" · "}
                  <a href={hrefOf({ view: "thread", threadId, tab: "talk", item: item.id })}>See it in the talk</a>
                </>
              )}
            </p>
          </li>
        );
      })}
    </ol>
  );
}

const methodWords = { tests: "tests", search: "a search", file_exists: "a look at a file", command: "a command" };

function whoWords({ by, method }: Evidence): string {
  if (method === "user") return "A person says:";
  if (method === "default") return "Nobody answered; taken for granted:";
  return `${by} (${methodWords[method]}) says:`;
}

/** A probe's command ends in the very moment in which its result is believed. */
function itemBehind({ method, atMs }: Evidence, items: readonly ThreadItem[]): ThreadItem | undefined {
  if (method === "user" || method === "default") return undefined;
  return items.find((item) => item.type === "commandExecution" && item.completedAtMs === atMs);
}
