/** A message without its number, in the very text that the server sent: numbers in it may be larger than JavaScript's are exact. */
export function withoutSeq(text: string): string {
  // Where Spindle writes it. Inside of something else there would be one more brace behind it.
  const atTheEnd = /,"seq":\d+\}$/.exec(text);
  if (atTheEnd) return `${text.slice(0, atTheEnd.index)}}`;
  const { seq, ...message } = JSON.parse(text) as Record<string, unknown>;
  return seq === undefined ? text : JSON.stringify(message);
}
