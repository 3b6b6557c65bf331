/** Of a text's UTF-8 bytes, as hexadecimal digits. The platform brings it: SHA-256. */
export type Hash = (text: string) => string;
