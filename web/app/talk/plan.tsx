/** What an agent means to do, step by step. Folded it says how far it is. */

import type { TurnNote } from "#client/turn-notes";
import { Visible } from "../diff/visible.tsx";

const signs = { completed: "✓", inProgress: "▸", pending: "○" };
const words = { completed: "done", inProgress: "in work", pending: "to do" };

export function Plan({ plan: { explanation, plan }, isOpen = false }: { plan: NonNullable<TurnNote["plan"]>; isOpen?: boolean }) {
  if (plan.length === 0) return null;
  const done = plan.filter(({ status }) => status === "completed").length;
  const current = plan.find(({ status }) => status === "inProgress");
  return (
    <details class="plan" open={isOpen}>
      <summary>
        <span class="label">Plan</span> {done} of {plan.length} done
        {current && (
          <>
            : <Visible kind="prose" text={current.step} />
          </>
        )}
      </summary>
      {explanation && (
        <p>
          <Visible kind="prose" text={explanation} />
        </p>
      )}
      <ol>
        {plan.map(({ step, status }, index) => (
          <li key={index} class={status}>
            <span role="img" aria-label={words[status]}>
              {signs[status]}
            </span>
            <span>
              <Visible kind="prose" text={step} />
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
