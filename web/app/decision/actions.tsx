/** What could be done and what could be looked up or asked first, with what each is worth. */
import { Visible } from "../diff/visible.tsx";
import { figure, percent } from "../figures.ts";
import type { Shown } from "./shown.ts";

export function Actions({ shown: { tree, chosenActionId } }: { shown: Shown }) {
  const ranked = tree.actions.toSorted((one, other) => other.expectedUtility - one.expectedUtility);
  return (
    <section>
      <h2>Actions</h2>
      <p class="detail">What each gains on the average of all that may be so, less what it costs. 1 is the goal reached.</p>
      <table>
        <thead>
          <tr>
            <th scope="col">Action</th>
            <th scope="col">Gain</th>
            <th scope="col">Cost</th>
            <th scope="col">Net</th>
            <th scope="col">May harm</th>
          </tr>
        </thead>
        <tbody>
          {ranked.map(({ id, description, expectedUtility, cost, harmProbability }) => (
            <tr key={id} class={id === chosenActionId ? "chosen" : ""}>
              <th scope="row">
                <b>{id}</b>
                {id === chosenActionId && <span class="badge completed">✓ chosen</span>}
                {id === tree.leadingActionId && id !== chosenActionId && <span class="badge">leads</span>}
                <span class="words">
                  <Visible kind="prose" text={description} />
                </span>
              </th>
              <td>{figure(expectedUtility + cost)}</td>
              <td>{figure(cost)}</td>
              <td>
                <b>{figure(expectedUtility)}</b>
                <Net utility={expectedUtility} />
              </td>
              <td>{percent(harmProbability)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** From the middle to the right what is gained, to the left what is lost; the ends are 1 and −1. */
function Net({ utility }: { utility: number }) {
  const share = Math.min(1, Math.abs(utility)) * 50;
  return (
    <span class={utility < 0 ? "net loss" : "net"} aria-hidden="true">
      <span style={{ left: `${utility < 0 ? 50 - share : 50}%`, width: `${share}%` }} />
    </span>
  );
}

export function Probes({ shown: { tree } }: { shown: Shown }) {
  if (tree.probes.length === 0) return null;
  return (
    <section>
      <h2>What could be found out</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Probe or question</th>
            <th scope="col">Worth</th>
            <th scope="col">Net</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {tree.probes.map(({ id, kind, assumptionId, valueOfInformation, netValueOfInformation, isSpent }) => (
            <tr key={id}>
              <th scope="row">
                <b>{id}</b>
                <span class="words">
                  {kind === "tool" ? "looks up" : "asks a person about"} {assumptionId}
                </span>
              </th>
              <td>{figure(valueOfInformation)}</td>
              <td>
                <b>{figure(netValueOfInformation)}</b>
              </td>
              <td>{stateOf(id, isSpent, tree)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function stateOf(id: string, isSpent: boolean, { chosen }: Shown["tree"]): string {
  if (chosen.kind !== "act" && (chosen.id === id || chosen.pairedWith === id))
    return chosen.kind === "ask" ? "asked" : "looked up";
  return isSpent ? "done" : "not needed";
}
