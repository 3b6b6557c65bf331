/** Sections of one account and the order of the threads in each. */
import { limits } from "#core/limits";
import type { Sql } from "#core/sql";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { ThreadPlace, ThreadSection } from "#protocol/thread";
import { parseThreadId } from "#protocol/thread-id";

/** The real server's own: clients know it by this id. */
export const pinnedSection: ThreadSection = { id: "01984de2-8f74-7c91-a3b2-5c5e937cf318", name: "Pinned", appearance: null };

export function createSectionsSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS sections (id TEXT PRIMARY KEY, name TEXT NOT NULL, appearance TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS section_members (
      thread_id TEXT PRIMARY KEY, section_id TEXT NOT NULL, position INTEGER NOT NULL, entered_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS section_members_in_order ON section_members (section_id, position);
  `);
  sql.exec("INSERT OR IGNORE INTO sections (id, name, appearance) VALUES (?, ?, 'null')", pinnedSection.id, pinnedSection.name);
}

type SectionRow = { id: string; name: string; appearance: string };

export class Sections {
  private readonly sql: Sql;
  private readonly newId: () => string;

  /** `newId` makes UUIDv7s: sections are listed in the order of their ids. */
  constructor(sql: Sql, newId: () => string) {
    this.sql = sql;
    this.newId = newId;
  }

  list(params: Params<"threadSection/list">): Result<"threadSection/list"> {
    const entriesMax = Math.min(Math.max(params.limit ?? 25, 1), limits.pageEntriesMax);
    const rows = this.sql
      .exec<SectionRow>("SELECT * FROM sections WHERE id > ? ORDER BY id LIMIT ?", params.cursor ?? "", entriesMax + 1)
      .toArray();
    const data = rows.slice(0, entriesMax).map(sectionOf);
    return { data, nextCursor: rows.length > entriesMax ? (data.at(-1)?.id ?? null) : null };
  }

  create({ name, appearance }: Params<"threadSection/create">): Result<"threadSection/create"> {
    const { count } = this.sql.exec<{ count: number }>("SELECT count(*) AS count FROM sections").one();
    if (count >= limits.sectionsMax) throw new Refusal(refusals.tooManySections(limits.sectionsMax));
    const section = { id: this.newId(), name: nameOf(name), appearance: appearanceOf(appearance) };
    this.keep(section);
    return { section };
  }

  update({ sectionId, name, appearance }: Params<"threadSection/update">): Result<"threadSection/update"> {
    const renamed = nameOf(name);
    requireCustom(sectionId, "renamed");
    const before = this.require(sectionId);
    const section = {
      ...before,
      name: renamed,
      appearance: appearance === undefined ? before.appearance : appearanceOf(appearance),
    };
    this.keep(section);
    return { section };
  }

  /** Answers the threads that were in it. */
  delete({ sectionId }: Params<"threadSection/delete">): string[] {
    requireCustom(sectionId, "deleted");
    this.require(sectionId);
    const threadIds = this.members(sectionId);
    this.sql.exec("DELETE FROM section_members WHERE section_id = ?", sectionId);
    this.sql.exec("DELETE FROM sections WHERE id = ?", sectionId);
    return threadIds;
  }

  /** `seconds` is when it enters, where it was not in the section before. */
  move({ threadId, sectionId, beforeThreadId: before }: Params<"thread/section/move">, seconds: number): void {
    if (sectionId !== null && sectionId.trim() === "") throw new Refusal(refusals.sectionIdEmpty());
    if (sectionId === null) {
      if (before) throw new Refusal(refusals.beforeThreadNeedsSection());
      this.forget(threadId);
      return;
    }
    const beforeThreadId = before ? threadIdOf(before) : null;
    this.require(sectionId);
    if (beforeThreadId === threadId) throw new Refusal(refusals.movedBeforeItself(threadId));
    const members = this.members(sectionId);
    const others = members.filter((id) => id !== threadId);
    const index = beforeThreadId === null ? others.length : others.indexOf(beforeThreadId);
    if (index < 0) throw new Refusal(refusals.beforeThreadElsewhere(beforeThreadId ?? "", sectionId));
    if (!members.includes(threadId)) {
      if (members.length >= limits.sectionThreadsMax) throw new Refusal(refusals.sectionFull(limits.sectionThreadsMax));
      this.sql.exec(
        "INSERT OR REPLACE INTO section_members (thread_id, section_id, position, entered_at) VALUES (?, ?, 0, ?)",
        threadId,
        sectionId,
        seconds,
      );
    }
    // Only those whose place changes are written; most moves are to an end or between neighbours.
    others.toSpliced(index, 0, threadId).forEach((id, place) => {
      this.sql.exec("UPDATE section_members SET position = ?1 WHERE thread_id = ?2 AND position <> ?1", place + 1, id);
    });
  }

  /** The thread is gone, or in no section any more. */
  forget(threadId: string): void {
    this.sql.exec("DELETE FROM section_members WHERE thread_id = ?", threadId);
  }

  /** Where the thread stands, as the wire shows it. */
  placeOf(threadId: string): ThreadPlace {
    const [row] = this.sql
      .exec<SectionRow & { entered_at: number }>(
        "SELECT sections.*, entered_at FROM section_members JOIN sections ON sections.id = section_id WHERE thread_id = ?",
        threadId,
      )
      .toArray();
    return row ? { section: sectionOf(row), sectionEnteredAt: row.entered_at } : { section: null, sectionEnteredAt: null };
  }

  private members(sectionId: string): string[] {
    return this.sql
      .exec<{ id: string }>("SELECT thread_id AS id FROM section_members WHERE section_id = ? ORDER BY position", sectionId)
      .toArray()
      .map(({ id }) => id);
  }

  private require(sectionId: string): ThreadSection {
    const [row] = this.sql.exec<SectionRow>("SELECT * FROM sections WHERE id = ?", sectionId).toArray();
    if (!row) throw new Refusal(refusals.sectionNotFound(sectionId));
    return sectionOf(row);
  }

  private keep({ id, name, appearance }: ThreadSection): void {
    const text = JSON.stringify(appearance);
    this.sql.exec("INSERT OR REPLACE INTO sections (id, name, appearance) VALUES (?, ?, ?)", id, name, text);
  }
}

/** The Directory wrote the appearance itself. */
function sectionOf({ id, name, appearance }: SectionRow): ThreadSection {
  return { id, name, appearance: JSON.parse(appearance) as ThreadSection["appearance"] };
}

function nameOf(given: string): string {
  const name = given.trim();
  if (name === "") throw new Refusal(refusals.sectionNameEmpty());
  if (name.length > limits.sectionNameCharactersMax)
    throw new Refusal(refusals.sectionNameTooLong(limits.sectionNameCharactersMax));
  return name;
}

function appearanceOf(given: Params<"threadSection/create">["appearance"]): ThreadSection["appearance"] {
  if (!given) return null;
  const { icon = null, color = null } = given;
  for (const [field, value] of Object.entries({ icon, color })) {
    if (value !== null && new TextEncoder().encode(value).length > limits.sectionAppearanceBytesMax)
      throw new Refusal(refusals.sectionAppearanceTooLong(field, limits.sectionAppearanceBytesMax));
  }
  return { icon, color };
}

function requireCustom(sectionId: string, what: "renamed" | "deleted"): void {
  if (sectionId.trim() === "") throw new Refusal(refusals.sectionIdInvalid());
  if (sectionId === pinnedSection.id) throw new Refusal(refusals.pinnedSectionStays(what));
}

function threadIdOf(given: string): string {
  const parsed = parseThreadId(given);
  if ("problem" in parsed) throw new Refusal(refusals.invalidThreadId(parsed.problem, "before thread"));
  return parsed.threadId;
}
