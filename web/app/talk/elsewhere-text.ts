/** What somebody else answered, told to whoever was looking at the question. */
export function elsewhereText(status: "inProgress" | "completed" | "failed" | "declined" | null): string {
  // Between the answer and what comes of it nobody is told which it was.
  const done = status === "declined" ? "declined" : status === null || status === "inProgress" ? "answered" : "accepted";
  return `Somebody else ${done} this meanwhile.`;
}
