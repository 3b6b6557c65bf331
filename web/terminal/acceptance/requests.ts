/** What is said to the model: to the rehearsal in its own language, to any other in words. */

export interface Requests {
  /** Streams a long answer and touches nothing. */
  talk: string;
  /** Makes one file with one line. */
  makeFile(name: string, line: string): string;
}

export function requestsFor(model: string): Requests {
  if (model === "rehearsal") {
    return { talk: "count 40", makeFile: (name, line) => `write ${name}: ${line}\\n` };
  }
  return {
    talk: "Count from 1 to 60 in your answer, one number a line, nothing else. Use no tools and change no files.",
    makeFile: (name, line) =>
      `Create exactly one new file in the working directory, named ${name}, whose only line is:\n${line}\nDo nothing else: run no tests, touch no other file. If the change is declined, do not try again; end with one short sentence.`,
  };
}
