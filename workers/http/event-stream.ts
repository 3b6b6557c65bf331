/**
 * Frames of a thread as server-sent events (HTML Standard, 9.2). What waits here waits because nobody reads: it is acknowledged to the thread's
 * socket only when it was taken, so that the socket's own bound holds, and ends the stream, for a reader that is too slow. Pure.
 */

export interface EventStreamOptions {
  /** The last frame that the reader has. */
  after: number;
  heartbeatMs: number;
  reconnectMs: number;
  /** So many more UTF-16 units of the socket were taken. */
  taken(characters: number): void;
  /** The reader is gone. */
  left(): void;
}

export interface EventStream {
  body: ReadableStream<Uint8Array>;
  /** One message of the socket, whatever it is. */
  message(text: string): void;
  /** Nothing comes any more: the stream ends behind what waits. */
  end(): void;
}

export function eventStream({ after, heartbeatMs, reconnectMs, taken, left }: EventStreamOptions): EventStream {
  const waiting: { event: string; characters: number }[] = [{ event: `retry: ${reconnectMs}\n\n`, characters: 0 }];
  const encoder = new TextEncoder();
  let last = after;
  let isOver = false;
  let wake: (() => void) | null = null;
  const heartbeat = setInterval(() => {
    // Only to whoever has read everything: others have what keeps the line open.
    if (wake && waiting.length === 0) put(": still here\n\n", 0);
  }, heartbeatMs);

  function put(event: string, characters: number): void {
    waiting.push({ event, characters });
    wake?.();
  }

  function end(): void {
    isOver = true;
    clearInterval(heartbeat);
    wake?.();
  }

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (waiting.length === 0 && !isOver) {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
        }
        wake = null;
        const next = waiting.shift();
        if (!next) return controller.close();
        controller.enqueue(encoder.encode(next.event));
        if (next.characters > 0) taken(next.characters);
      },
      cancel() {
        end();
        waiting.length = 0;
        left();
      },
    },
    { highWaterMark: 0 },
  );

  return {
    body,
    message(text) {
      if (isOver) return;
      const seq = seqOf(text);
      // Answers, and what is asked again although the reader has it: no events, and read all the same.
      if (seq === null || seq <= last) return taken(text.length);
      last = seq;
      put(eventText(seq, text), text.length);
    },
    end,
  };
}

/** A frame is JSON in one line. Example: `id: 12\ndata: {"method":"turn/started","params":{…},"seq":12}\n\n` */
export function eventText(seq: number, text: string): string {
  return `id: ${seq}\ndata: ${text}\n\n`;
}

/** Null for what is no frame of the thread's log: an answer carries `seq` too, and no method. */
export function seqOf(text: string): number | null {
  try {
    const message = JSON.parse(text) as { method?: unknown; seq?: unknown };
    return typeof message.method === "string" && typeof message.seq === "number" ? message.seq : null;
  } catch {
    return null;
  }
}

/** `Last-Event-ID`, or where there is none `?after=`, or 0: from the first frame on. A browser that comes back sends the header by itself. */
export function afterOf(lastEventId: string | null, after: number | undefined): number | { problem: string } {
  if (lastEventId === null || lastEventId === "") return after ?? 0;
  if (!/^\d{1,15}$/.test(lastEventId)) return { problem: "Last-Event-ID must be the number of a frame" };
  return Number(lastEventId);
}
