/** What a view reads of its thread, drawn anew as it changes: a handle is always the same object, by which no change can be seen. */
import { useEffect, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { Thread } from "#core/thread";

/** At most once a frame of the screen, however many frames of the log come. */
export function useThreadState(thread: ThreadHandle): Thread | null {
  const [state, setState] = useState(thread.state);
  useEffect(() => {
    let drawing = 0;
    const draw = () => {
      drawing = 0;
      setState(thread.state);
    };
    draw();
    const stop = thread.subscribe(() => {
      drawing ||= requestAnimationFrame(draw);
    });
    return () => {
      stop();
      cancelAnimationFrame(drawing);
    };
  }, [thread]);
  return state;
}
