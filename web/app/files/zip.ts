/** A ZIP archive, as every system opens it: deflated by the browser where that helps, names in UTF-8, no ZIP64. */

export interface ArchivedFile {
  /** Relative, `/` between segments. A folder's ends with `/`, and has no bytes. */
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export async function zip(files: readonly ArchivedFile[], madeAt: Date): Promise<Blob> {
  const parts: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let offset = 0;
  let directoryBytes = 0;
  const time = dosTime(madeAt);
  for (const { path, bytes } of files) {
    const name = new TextEncoder().encode(path);
    const deflated = await deflate(bytes);
    const isDeflated = deflated.length < bytes.length;
    const data = isDeflated ? deflated : bytes;
    const fields = [20, utf8Name, isDeflated ? 8 : 0, time.clock, time.day];
    const sizes = [crc32(bytes), data.length, bytes.length];
    const local = record([[0x04034b50], fields, sizes, [name.length, 0]]);
    // Made by version 2.0 of this very format on Unix, where a name is a name.
    const isFolder = path.endsWith("/");
    const mode = (isFolder ? 0o40755 : 0o100644) * 0x10000 + (isFolder ? 0x10 : 0);
    const central = record([[0x02014b50], [(3 << 8) | 20, ...fields], sizes, [name.length, 0, 0, 0, 0], [mode, offset]]);
    parts.push(local, name, data);
    directory.push(central, name);
    offset += local.length + name.length + data.length;
    directoryBytes += central.length + name.length;
  }
  const end = record([[0x06054b50], [0, 0, files.length, files.length], [directoryBytes, offset], [0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

const utf8Name = 1 << 11;

/** Numbers of four bytes and of two by turns, the least byte first. */
function record(groups: number[][]): Uint8Array<ArrayBuffer> {
  const widths = groups.map((_, index) => (index % 2 === 0 ? 4 : 2));
  const bytes = new Uint8Array(groups.reduce((sum, group, index) => sum + group.length * (widths[index] ?? 0), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  groups.forEach((group, index) => {
    for (const value of group) {
      if (widths[index] === 4) view.setUint32(at, value >>> 0, true);
      else view.setUint16(at, value, true);
      at += widths[index] ?? 0;
    }
  });
  return bytes;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The format's clock begins in 1980, and counts every second second. */
function dosTime(date: Date): { clock: number; day: number } {
  const year = Math.min(2107, Math.max(1980, date.getFullYear()));
  return {
    clock: (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1),
    day: ((year - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate(),
  };
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
