/** Numbers as people read them. */

/** What is possible is never said to be certain or impossible: `<1 %`, `>99 %`. The blank does not break. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return "<1\u00a0%";
  if (share < 1 && share >= 0.995) return ">99\u00a0%";
  return `${Math.round(share * 100)}\u00a0%`;
}

/** Two places and a real minus sign; nothing is “−0.00”. */
export function figure(value: number): string {
  const text = Math.abs(value).toFixed(2);
  return value < 0 && text !== "0.00" ? `−${text}` : text;
}

/** A difference of shares in percentage points, with its sign. */
export function points(difference: number): string {
  const value = Math.round(difference * 1_000) / 10;
  if (value === 0) return "0";
  return value > 0 ? `+${value}` : `−${Math.abs(value)}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A moment as this place writes it. */
export function moment(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
