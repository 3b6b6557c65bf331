/** What is shown before the first message: what this is, and what the embedded model understands. */
const instructions: [string, string][] = [
  ["say TEXT", "answers with the text"],
  ["count 20", "counts, slowly"],
  ["think TEXT", "shows reasoning"],
  ["write notes.txt: TEXT", "proposes a file"],
  ['replace "A" with "B" in notes.txt', "proposes an edit"],
  ["delete notes.txt", "proposes a deletion"],
  ["run ls -la", "runs a command"],
  ["fail 500", "makes the request fail"],
];

export function Welcome({ isRehearsal }: { isRehearsal: boolean }) {
  return (
    <section class="welcome">
      <p class="lead">Begin a thread: it works in a workspace of its own, and asks before it changes anything there.</p>
      {isRehearsal && (
        <>
          <p>
            No language model is configured. <b>Rehearsal</b> answers instead: it obeys one instruction a line and understands
            nothing else.
          </p>
          <ul class="rehearsal">
            {instructions.map(([code, words]) => (
              <li key={code}>
                <code>{code}</code> {words}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
