/** What a step waits for and insists on. */

/** Looks again and again until it is so. Generous by default: the machine may be busy with other things. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  { timeoutMs = 30_000, orShow = async () => "" }: { timeoutMs?: number; orShow?: () => Promise<string> } = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}:\n${await orShow()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function must(isTrue: boolean, problem: string): asserts isTrue {
  if (!isTrue) throw new Error(problem);
}
