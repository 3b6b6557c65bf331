/** All that is known of one assumption, and a person's own word on it. */

import { useEffect, useRef } from "preact/hooks";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import type { ThreadItem } from "#protocol/item";
import { Visible } from "../diff/visible.tsx";
import { figure, percent } from "../figures.ts";
import { hrefOf } from "../place.ts";
import type { Annotation } from "./annotation.ts";
import { EvidenceList, kindWords } from "./assumptions.tsx";
import { Bar, statusClass } from "./picture.tsx";

interface PanelProps {
  threadId: string;
  assumption: DecisionTreeRevision["assumptions"][number];
  items: readonly ThreadItem[];
  annotation: Annotation;
  /** Why nothing can be said of it now; null where it can. */
  obstacle: string | null;
  close(): void;
}

export function AssumptionPanel({ threadId, assumption, items, annotation, obstacle, close }: PanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { id, text, kind, probability, prior, evidence, quote, resolved, memoryShift } = assumption;
  useEffect(() => heading.current?.focus(), [id]);
  const sent = annotation.sending?.assumptionId === id ? annotation.sending : null;
  const status = sent ? (sent.observed ? "confirmed" : "refuted") : assumption.status;
  const source = quote ? itemWith(quote, items) : undefined;
  return (
    <aside
      class="assumption-panel"
      aria-label={`Assumption ${id}`}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {id}
        </h2>
        {status !== "open" && <span class={`badge ${statusClass[status]}`}>{status}</span>}
        <button type="button" class="bare" aria-label="Close" onClick={close}>
          ✕
        </button>
      </header>
      <p>
        <Visible kind="prose" text={text} />
      </p>
      <p class="chance">
        <Bar share={probability} />
        <span>{percent(probability)}</span>
      </p>
      <p class="detail">
        It is {kindWords[kind]}.{prior !== undefined && ` Before any evidence: ${percent(prior)}.`}
        {memoryShift !== undefined && ` Notes from earlier turns moved it by ${figure(memoryShift)} in log-odds.`}
        {resolved != null && ` Known to ${resolved ? "" : "not "}be so.`}
      </p>
      {quote && (
        <blockquote>
          <Visible kind="prose" text={quote} />
          {source && (
            <>
              {" "}
              <a href={hrefOf({ view: "thread", threadId, tab: "talk", item: source.id })}>See it in the talk</a>
            </>
          )}
        </blockquote>
      )}
      {obstacle === null ? (
        <fieldset class="choices">
          <legend>What do you know?</legend>
          <Say label="It is so" isSaid={status === "confirmed"} say={() => annotation.say(id, true)} />
          <Say label="It is not so" isSaid={status === "refuted"} say={() => annotation.say(id, false)} />
        </fieldset>
      ) : (
        <p class="detail">{obstacle}</p>
      )}
      {sent && <p class="detail">Being sent …</p>}
      {annotation.failure && (
        <p class="notice failed" role="alert">
          {annotation.failure}
        </p>
      )}
      <h3>Evidence</h3>
      {evidence.length === 0 ? (
        <p class="detail">None yet: this is what the model believes.</p>
      ) : (
        <EvidenceList evidence={evidence} items={items} threadId={threadId} />
      )}
    </aside>
  );
}

/** Said twice it would count as two observations: what is said already cannot be pressed. */
function Say({ label, isSaid, say }: { label: string; isSaid: boolean; say: () => void }) {
  return (
    <button type="button" class="quiet" aria-pressed={isSaid} onClick={() => isSaid || say()}>
      {isSaid && "✓ "}
      {label}
    </button>
  );
}

function itemWith(quote: string, items: readonly ThreadItem[]): ThreadItem | undefined {
  return items.find((item) => {
    if (item.type === "agentMessage") return item.text.includes(quote);
    return item.type === "reasoning" && item.summary.some((text) => text.includes(quote));
  });
}
