/** Contents by their git blob id: immutable, stored once, in rows small enough for the platform. */
import { createHash } from "node:crypto";
import { workspaceLimits } from "#core/limits";
import type { Sql } from "#core/sql";

/** git's id of a blob, SHA-1 over `blob <length>\0` and the bytes; so a patch can name what it is made of. */
export function blobHash(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** Stores the content unless it is there, and gives its hash. Changes no file. */
export function putBlob(sql: Sql, bytes: Uint8Array): string {
  const hash = blobHash(bytes);
  if (hasBlob(sql, hash)) return hash;
  let part = 0;
  // An empty file has one empty part, so that its presence can be seen.
  for (let start = 0; start === 0 || start < bytes.length; start += workspaceLimits.blobPartBytesMax) {
    // A copy: the platform binds the whole buffer behind a view's bounds only if it is exactly the view.
    sql.exec("INSERT INTO blobs (hash, part, bytes) VALUES (?, ?, ?)", hash, part, slice(bytes, start));
    part += 1;
  }
  return hash;
}

export function hasBlob(sql: Sql, hash: string): boolean {
  return sql.exec("SELECT 1 AS found FROM blobs WHERE hash = ? AND part = 0", hash).toArray().length > 0;
}

/** The content; throws a plain error when it is missing, because then something collected what was still named. */
export function readBlob(sql: Sql, hash: string): Uint8Array<ArrayBuffer> {
  const parts = sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM blobs WHERE hash = ? ORDER BY part", hash).toArray();
  if (parts.length === 0) throw new Error(`blob ${hash} is missing`);
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.bytes.byteLength, 0));
  let offset = 0;
  for (const { bytes } of parts) {
    whole.set(new Uint8Array(bytes), offset);
    offset += bytes.byteLength;
  }
  return whole;
}

export interface BlobPart {
  hash: string;
  part: number;
  bytes: ArrayBuffer;
}

/** Parts in the order of hash and number, from behind `after` on; `isLast` when nothing follows. At least one, however long it is. */
export function blobParts(
  sql: Sql,
  hashes: string[],
  after: { hash: string; part: number },
  bytesMax: number,
): { parts: BlobPart[]; isLast: boolean } {
  const rows = sql.exec<{ hash: string; part: number; bytes: ArrayBuffer }>(
    `SELECT hash, part, bytes FROM blobs WHERE (hash, part) > (?, ?) AND hash IN (SELECT value FROM json_each(?)) ORDER BY hash, part`,
    after.hash,
    after.part,
    JSON.stringify(hashes),
  );
  const parts: BlobPart[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (parts.length > 0 && bytes + row.bytes.byteLength > bytesMax) return { parts, isLast: false };
    parts.push({ hash: row.hash, part: row.part, bytes: row.bytes });
    bytes += row.bytes.byteLength;
  }
  return { parts, isLast: true };
}

export function putBlobParts(sql: Sql, parts: BlobPart[]): void {
  for (const { hash, part, bytes } of parts) {
    sql.exec("INSERT OR IGNORE INTO blobs (hash, part, bytes) VALUES (?, ?, ?)", hash, part, bytes);
  }
}

/** Deletes every content that no file and none of `keep` names, and says how many rows went. */
export function collectBlobs(sql: Sql, keep: Iterable<string>): number {
  const deleted = sql.exec(
    `DELETE FROM blobs WHERE hash NOT IN (SELECT hash FROM files) AND hash NOT IN (SELECT value FROM json_each(?)) RETURNING 1 AS row`,
    JSON.stringify([...keep]),
  );
  return deleted.toArray().length;
}

function slice(bytes: Uint8Array, start: number): ArrayBuffer {
  return new Uint8Array(bytes.subarray(start, start + workspaceLimits.blobPartBytesMax)).buffer;
}
