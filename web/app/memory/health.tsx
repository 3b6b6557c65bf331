/** Whether the memory helps, in one sentence; and its two switches. */
import { useEffect, useState } from "preact/hooks";
import { moment, percent } from "../figures.ts";
import { isOffline } from "../installed/offline.ts";
import { useStore } from "../store/store.ts";
import { useAsked, useDeed } from "./asking.ts";
import { Failure } from "./confirm.tsx";
import { scopeInWords } from "./sentences.ts";

/** `scope`: null is the account as a whole. */
export function Health({ scope, version }: { scope: string | null; version: number }) {
  const { client } = useStore();
  const { value: health, failure, again } = useAsked("spindle/memory/health", { scope }, version);
  const deed = useDeed();
  if (!health) return failure ? <Failure words={failure} /> : isOffline.value ? null : <p class="notice">Asking how it does …</p>;
  const enable = async (enabled: boolean) => {
    await client.request("spindle/memory/setEnabled", { enabled, scope }, { isIdempotent: true });
    // Harm switches off the account's own scope: the account is on again when both are.
    if (enabled && scope === null)
      await client.request("spindle/memory/setEnabled", { enabled, scope: "account" }, { isIdempotent: true });
    again();
  };
  const share = async (enabled: boolean) => {
    await client.request("spindle/memory/setSharing", { enabled }, { isIdempotent: true });
    again();
  };
  return (
    <section class="health" aria-label="Does it help?">
      <p class="sentence">
        <span class={`badge ${verdictClass[health.verdict]}`}>{health.isOn ? verdictWords[health.verdict] : "off"}</span>{" "}
        {health.sentence}
      </p>
      <dl>
        <Figure label="Outcomes" value={String(Math.round(health.outcomes))} />
        <Figure label="Turns that were given notes" value={health.servedShare === null ? "–" : percent(health.servedShare)} />
        <Figure label="Chance that a note harms" value={health.harmfulShare === null ? "–" : percent(health.harmfulShare)} />
        <Figure label="Say the same twice" value={health.duplicateShare === null ? "–" : percent(health.duplicateShare)} />
        <Figure label="Last tidied" value={health.optimizedAt === null ? "never" : moment(health.optimizedAt)} />
      </dl>
      <Switch
        label={`Learn and give notes in ${scopeInWords(scope ?? "account")}`}
        isOn={health.isOn}
        set={(on) => deed.run(() => enable(on))}
      />
      <Switch
        label="Share with all accounts what proved itself, without names of threads, and take part in what they share"
        isOn={health.isSharing}
        set={(on) => deed.run(() => share(on))}
      />
      <Failure words={deed.failure ?? failure} />
    </section>
  );
}

const verdictWords = { helps: "helps", harms: "harms", noMeasurableEffect: "no effect", undecided: "not decided" };
const verdictClass = { helps: "completed", harms: "failed", noMeasurableEffect: "", undecided: "" };

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface SwitchProps {
  label: string;
  isOn: boolean;
  /** Whether it was done. */
  set(isOn: boolean): Promise<boolean>;
}

/** Shows at once what a person wants, until the server says how it is. */
function Switch({ label, isOn, set }: SwitchProps) {
  const [wanted, setWanted] = useState<boolean | null>(null);
  const isChecked = wanted ?? isOn;
  // The server's answer, whatever it is, takes the place of the wish.
  useEffect(() => setWanted(null), [isOn]);
  const change = async (isWanted: boolean) => {
    setWanted(isWanted);
    if (!(await set(isWanted))) setWanted(null);
  };
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        aria-checked={isChecked}
        checked={isChecked}
        disabled={wanted !== null}
        onChange={({ currentTarget }) => void change(currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}
