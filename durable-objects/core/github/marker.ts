/** The hidden line by which our sticky comment is found again where its id was lost. It proves nothing: anybody can write it. */

const start = "<!-- spindle:thread=";

export function stickyMarker(threadId: string): string {
  if (!/^[\w-]+$/.test(threadId)) throw new Error(`no thread's id: ${threadId}`);
  return `${start}${threadId} -->`;
}

/** Whether a comment is the thread's own: written by us, and with the marker on its first line. */
export function isStickyComment(
  { authorId, body }: { authorId: number | null; body: string },
  threadId: string,
  botId: number,
): boolean {
  return authorId === botId && body.startsWith(stickyMarker(threadId));
}

/**
 * Whether a text is, or holds, a copy of a comment of ours, which says nothing to us: bots that mirror comments would make a
 * loop.
 */
export function carriesMarker(body: string): boolean {
  return body.includes(start);
}
