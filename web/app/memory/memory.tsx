/** What earlier turns taught, whether it helps, and the means to change or forget it. */
import "./memory.css";
import type { ComponentChildren } from "preact";
import { useCallback, useState } from "preact/hooks";
import { Fragments } from "./fragments.tsx";
import { Health } from "./health.tsx";
import { Metaprompts } from "./metaprompts.tsx";
import { Runs } from "./runs.tsx";
import { type Fragment, scopeInWords } from "./sentences.ts";
import { TakeAlong } from "./take-along.tsx";

export function Memory() {
  const [scope, setScope] = useState<string | null>(null);
  const [scopes, setScopes] = useState<string[]>([]);
  const [version, setVersion] = useState(0);
  const changed = () => setVersion((count) => count + 1);
  const saw = useCallback((fragments: readonly Fragment[]) => {
    setScopes((known) => {
      const all = new Set([...known, ...fragments.map((fragment) => fragment.scope)]);
      return all.size === known.length ? known : [...all].sort();
    });
  }, []);
  return (
    <>
      <header class="bar">
        <h1 class="title">Memory</h1>
        <select aria-label="Scope" value={scope ?? ""} onChange={({ currentTarget }) => setScope(currentTarget.value || null)}>
          <option value="">Everything</option>
          {scopes.map((one) => (
            <option key={one} value={one}>
              Only {scopeInWords(one)}
            </option>
          ))}
        </select>
      </header>
      <div class="scroll memory">
        <Health scope={scope} version={version} />
        <Fragments scope={scope} version={version} changed={changed} saw={saw} />
        <Folded title="What was done to it">
          <Runs version={version} changed={changed} />
        </Folded>
        <Folded title="Wordings of instructions">
          <Metaprompts version={version} />
        </Folded>
        <TakeAlong changed={changed} />
      </div>
    </>
  );
}

/** Not asked for until somebody looks. */
function Folded({ title, children }: { title: string; children: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="folded" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <h2>{title}</h2>
      </summary>
      {isOpen && children}
    </details>
  );
}
