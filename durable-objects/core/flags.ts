/** Features that can be had otherwise for one account: a closed table. What is not in it is no flag, and what nobody set is the default. */

export const flagTable = {
  extraction: { default: true, doc: "What a model assumes is read from its words, where the operator allows that at all." },
  memory: { default: true, doc: "Turns are given what earlier turns taught. What they teach is kept either way." },
  push: { default: true, doc: "Devices are rung. What is off rings later for nothing that was asked meanwhile." },
  steer: { default: true, doc: "A decision may be the next step of a turn that asks for it; without, it is advice." },
} as const satisfies Record<string, { default: boolean; doc: string }>;

export type FlagName = keyof typeof flagTable;
export type Flags = Readonly<Record<FlagName, boolean>>;

export const flagNames = Object.keys(flagTable) as FlagName[];
export const defaultFlags = Object.fromEntries(flagNames.map((name) => [name, flagTable[name].default])) as Flags;

export function isFlag(name: string): name is FlagName {
  return Object.hasOwn(flagTable, name);
}

/** What was set for the account. What is no flag any more, or no such value, is as if it were not there. Example: `{"memory":false}` */
export function readSetFlags(text: string | null): Partial<Flags> {
  let read: unknown;
  try {
    read = JSON.parse(text ?? "{}");
  } catch {
    // Written by something else: then nothing was set.
    return {};
  }
  const entries = Object.entries(Object(read) as Record<string, unknown>);
  return Object.fromEntries(entries.filter(([name, value]) => isFlag(name) && typeof value === "boolean"));
}

/** An account holds no slash. */
export function flagsKey(account: string): string {
  return `flags/${account}`;
}
