/** Which of the notes that it was given a message names. */

/** Numbers from 1 to `count`, each once, in the order of their first mention: "[note 1]", "note 2", "Notes 1 and 2". */
export function citedNumbers(text: string, count: number): number[] {
  const found = new Set<number>();
  for (const [, list = ""] of text.matchAll(/\bnotes?\s+#?(\d{1,2}(?:\s*(?:,|and|&)\s*#?\d{1,2})*)(?!\d)/gi)) {
    for (const [digits] of list.matchAll(/\d+/g)) {
      const number = Number(digits);
      if (number >= 1 && number <= count) found.add(number);
    }
  }
  return [...found];
}
