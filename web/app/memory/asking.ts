/** What a view asks of the memory: read when it is shown, again when it is told to, page by page where there is more. */
import { useCallback, useEffect, useState } from "preact/hooks";
import type { MethodName, ParamsInput, Result } from "#protocol/methods";
import { useStore } from "../store/store.ts";

export interface Asked<Value> {
  /** The last answer, also while a newer one is on its way. */
  value: Value | null;
  failure: string | null;
  again(): void;
}

/** For methods that only read. `version` changes when what was read may be old. */
export function useAsked<Name extends MethodName>(method: Name, params: ParamsInput<Name>, version = 0): Asked<Result<Name>> {
  const { client } = useStore();
  const [value, setValue] = useState<Result<Name> | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [times, setTimes] = useState(0);
  // Params are made anew with every drawing; their text tells whether they are others.
  const key = JSON.stringify(params);
  useEffect(() => {
    let isGone = false;
    client.request(method, params, { isIdempotent: true }).then(
      (result) => {
        if (isGone) return;
        setValue(result);
        setFailure(null);
      },
      (error: Error) => isGone || setFailure(error.message),
    );
    return () => {
      isGone = true;
    };
  }, [client, method, key, version, times]);
  return { value, failure, again: useCallback(() => setTimes((count) => count + 1), []) };
}

export interface Pages<Entry> {
  /** Null until the first page is there. */
  entries: Entry[] | null;
  hasMore: boolean;
  failure: string | null;
  more(): void;
}

type Listing = "spindle/memory/list" | "spindle/memory/run/list";

/** `version` changes when everything is to be read anew. */
export function usePages<Name extends Listing>(
  method: Name,
  params: ParamsInput<Name>,
  version: number,
): Pages<Result<Name>["data"][number]> {
  type Entry = Result<Name>["data"][number];
  const { client } = useStore();
  const [entries, setEntries] = useState<Entry[] | null>(null);
  const [nextCursor, setNextCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const key = `${JSON.stringify(params)} ${version}`;
  const read = async (cursor: string | null, before: Entry[], isGone: () => boolean) => {
    try {
      const page = await client.request(method, { ...params, cursor } as ParamsInput<Name>);
      if (isGone()) return;
      const data: Entry[] = page.data;
      setEntries([...before, ...data]);
      setNextCursor(page.nextCursor);
      setFailure(null);
    } catch (error) {
      if (!isGone()) setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  useEffect(() => {
    let isGone = false;
    void read(null, [], () => isGone);
    return () => {
      isGone = true;
    };
  }, [client, method, key]);
  return {
    entries,
    hasMore: nextCursor !== null,
    failure,
    more: () => void read(nextCursor, entries ?? [], () => false),
  };
}

/** One thing that a person does, and what became of it. */
export interface Deed {
  isRunning: boolean;
  failure: string | null;
  run(work: () => Promise<unknown>): Promise<boolean>;
}

export function useDeed(): Deed {
  const [isRunning, setRunning] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    setRunning(true);
    setFailure(null);
    try {
      await work();
      return true;
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      setRunning(false);
    }
  };
  return { isRunning, failure, run };
}
