/**
 * Hears what a command says while it runs. just-bash gives its output only at the end, so this looks on: it copies the parsed script with
 * two properties of some pipelines as getters, which tell when one begins and ends, and reads what the interpreter then books as its
 * output. Nothing that the command does, says or leaves behind is any different for it.
 */
import type { Bash } from "just-bash/browser";

type Script = ReturnType<Bash["transform"]>["ast"];
type Statement = Script["statements"][number];
type Pipeline = Statement["pipelines"][number];
type Command = Pipeline["commands"][number];
type Stream = "stdout" | "stderr";
interface Ledger {
  appendOutput(stream: Stream, text: string, site?: string, bookedBytes?: number, kind?: "text" | "bytes"): number;
}

export interface ShellWatchOptions {
  /** UTF-8 bytes after which it hears no more. */
  outputBytesMax: number;
  /** As the person should read it. */
  readable: (stderr: string) => string;
  onOutput: (text: string, stream: Stream) => void;
}

/**
 * Pieces are whole pipelines, each with its `stdout` before its `stderr`: those of the script itself and of the loops, branches and groups
 * around them. What a function, a substitution, a subshell, `eval`, `source` or a compound with redirected output says is part of the
 * pipeline that it stands in, and is heard when that ends. Where the interpreter goes on after something this could not see, such as a
 * function that says something and then leaves its caller's loop, or `set -v`, it is silent from there on: what it said stays the beginning.
 */
export class ShellWatch {
  /** What was said so far, and both streams of it. */
  text = "";
  stdout = "";
  stderr = "";
  private readonly options: ShellWatchOptions;
  private bytes = 0;
  private isSilent = false;
  private isRerouted = false;
  /** Whether a pipeline runs that is heard as a whole. */
  private isRunning = false;
  /** What the interpreter booked last; and what was heard of each of the pipelines that are heard in pieces now. */
  private booked: Record<Stream, string> = { stdout: "", stderr: "" };
  private readonly open = new Set<Record<Stream, string>>();
  private isText: Record<Stream, boolean> = { stdout: false, stderr: false };

  constructor(options: ShellWatchOptions) {
    this.options = options;
  }

  /** Listens to the next script of this shell, which is this one. */
  attach(bash: Bash, script: string): void {
    // Around a compound the interpreter routes once more what was routed within, such as after `exec 3>&1 1>&2 2>&3`.
    this.isRerouted = /(?<![-\w])exec\b/.test(script);
    let isOutermost = true;
    bash.registerTransformPlugin({
      name: "watch",
      transform: ({ ast }) => {
        // A script within the script, as of `bash -c`, comes by here too.
        if (!isOutermost) return { ast };
        isOutermost = false;
        return { ast: { ...ast, statements: this.within(ast.statements) } };
      },
    });
    this.readLedger(bash);
  }

  /** Hears no more. */
  close(): void {
    this.isSilent = true;
  }

  /** The ledger of outputs is made within `exec` and handed to a method that is private by its type. Without it nothing is heard. */
  private readLedger(bash: Bash): void {
    const execInScope: unknown = Reflect.get(bash, "execInScope");
    if (typeof execInScope !== "function") return;
    const watched = (...given: unknown[]): unknown => {
      const ledger = given.find(isLedger);
      if (ledger && !Object.hasOwn(ledger, "appendOutput")) this.look(ledger);
      return execInScope.apply(bash, given);
    };
    Reflect.set(bash, "execInScope", watched);
  }

  private look(ledger: Ledger): void {
    const appendOutput = ledger.appendOutput.bind(ledger);
    ledger.appendOutput = (stream, text, site, bookedBytes, kind) => {
      const bytes = appendOutput(stream, text, site, bookedBytes, kind);
      this.booked[stream] = text;
      // Said by a statement and by none of its pipelines: `set -v` shows scripts. From here on the order is not known any more.
      if (!this.isRunning && site === "statement" && text !== "" && (bookedBytes ?? 0) === 0) this.close();
      return bytes;
    };
  }

  private within(statements: Statement[]): Statement[] {
    return statements.map((statement) => {
      // The interpreter finds the error only when it comes there, and then forgets what was said before.
      if (statement.deferredError) this.close();
      return { ...statement, pipelines: statement.pipelines.map((pipeline) => this.heard(pipeline)) };
    });
  }

  private heard(pipeline: Pipeline): Pipeline {
    const [command] = pipeline.commands;
    if (command && pipeline.commands.length === 1 && !pipeline.timed) {
      // They say nothing and end with an exception, which would look like the end of something that was not heard.
      if (isJump(command)) return pipeline;
      const opened = this.isRerouted ? null : this.opened(command);
      if (opened) return this.heardInPieces({ ...pipeline, commands: [opened] });
    }
    return framed(pipeline, {
      begin: () => {
        // The one before ended with an exception, and may have said something on its way.
        if (this.isRunning) this.close();
        this.isRunning = true;
      },
      end: () => {
        this.isRunning = false;
        this.say(this.booked.stdout, this.booked.stderr);
      },
    });
  }

  /** Its pieces have to be all that it said; a loop over a file that is not there, for one, complains itself. */
  private heardInPieces(pipeline: Pipeline): Pipeline {
    const heard = { stdout: "", stderr: "" };
    return framed(pipeline, {
      begin: () => {
        heard.stdout = "";
        heard.stderr = "";
        this.open.add(heard);
      },
      end: () => {
        this.open.delete(heard);
        if (heard.stdout !== this.booked.stdout || heard.stderr !== this.booked.stderr) this.close();
      },
    });
  }

  /** The command with what it is made of heard one by one, where that is all it says and where it stays as it is said. */
  private opened(command: Command): Command | null {
    switch (command.type) {
      case "If": {
        const clauses = command.clauses.map((clause) => ({
          ...clause,
          condition: this.within(clause.condition),
          body: this.within(clause.body),
        }));
        const elseBody = command.elseBody && this.within(command.elseBody);
        return takesOnlyInput(command) ? { ...command, clauses, elseBody } : null;
      }
      case "For":
      case "CStyleFor":
      case "Group":
        return takesOnlyInput(command) ? { ...command, body: this.within(command.body) } : null;
      case "While":
      case "Until": {
        const { condition, body } = command;
        return takesOnlyInput(command) ? { ...command, condition: this.within(condition), body: this.within(body) } : null;
      }
      case "Case": {
        const items = command.items.map((item) => ({ ...item, body: this.within(item.body) }));
        return takesOnlyInput(command) ? { ...command, items } : null;
      }
      case "SimpleCommand":
      case "Subshell":
      case "FunctionDef":
      case "ArithmeticCommand":
      case "ConditionalCommand":
        return null;
      default:
        return command satisfies never;
    }
  }

  private say(stdout: string, stderr: string): void {
    if (this.isSilent || (stdout === "" && stderr === "")) return;
    const readable = this.options.readable(stderr);
    const text = stdout + readable;
    this.bytes += new TextEncoder().encode(text).length;
    const isSettled = this.isSettled("stdout", stdout) && this.isSettled("stderr", stderr);
    if (!isSettled || this.bytes > this.options.outputBytesMax) {
      this.close();
      return;
    }
    for (const pipeline of this.open) {
      pipeline.stdout += stdout;
      pipeline.stderr += stderr;
    }
    this.text += text;
    this.stdout += stdout;
    this.stderr += readable;
    if (stdout !== "") this.options.onOutput(stdout, "stdout");
    if (readable !== "") this.options.onOutput(readable, "stderr");
  }

  /**
   * Whether the text stays as it is. At its end the interpreter takes a stream whose characters are all below U+0100 for bytes, and reads
   * them as UTF-8 if they are; one character that is no byte, or one sequence that is no UTF-8, and it is text.
   */
  private isSettled(stream: Stream, text: string): boolean {
    if (!this.isText[stream] && /[^\0-\x7f]/.test(text)) this.isText[stream] = /[^\0-\xff]/.test(text) || !isUtf8(text);
    return this.isText[stream] || !/[^\0-\x7f]/.test(text);
  }
}

/** The interpreter reads `timed`, runs the pipeline, reads `negated` and `timed`, books the output, and reads `negated`. */
function framed(pipeline: Pipeline, { begin, end }: { begin: () => void; end: () => void }): Pipeline {
  let isOver = false;
  return {
    ...pipeline,
    get timed() {
      if (!isOver) begin();
      return pipeline.timed ?? false;
    },
    get negated() {
      if (isOver) end();
      isOver = !isOver;
      return pipeline.negated;
    },
  };
}

function isLedger(value: unknown): value is Ledger {
  return typeof value === "object" && value !== null && "appendOutput" in value && typeof value.appendOutput === "function";
}

/** Whether these bytes, one a character, are UTF-8 or its beginning. */
function isUtf8(bytes: string): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes, (character) => character.charCodeAt(0)),
      { stream: true },
    );
    return true;
  } catch {
    return false;
  }
}

function isJump(command: Command): boolean {
  if (command.type !== "SimpleCommand" || command.redirections.length > 0) return false;
  const [part, ...more] = command.name?.parts ?? [];
  return more.length === 0 && part?.type === "Literal" && (part.value === "break" || part.value === "continue");
}

/** Input may come from anywhere; what is said has to go where it would go without the command around it. */
function takesOnlyInput({ redirections }: Extract<Command, { redirections: unknown }>): boolean {
  return redirections.every(
    ({ operator, fd, fdVariable }) => ["<", "<<", "<<-", "<<<"].includes(operator) && !fd && fdVariable === undefined,
  );
}
