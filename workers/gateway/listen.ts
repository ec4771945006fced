import { readFileSync } from "node:fs";
import type { SecureContextOptions } from "node:tls";
import { QoodError } from "@qoodblock/sdk/errors";

/** `host:port`, or a port of 127.0.0.1; undefined for `off`. @throws QoodError CONFIG_VALUE */
export function parseListen(setting: string, text: string): { readonly host: string; readonly port: number } | undefined {
  if (text === "off") return undefined;
  const found = /^(?:(.+):)?(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (found === null || port > 65_535) throw new QoodError("CONFIG_VALUE", `${setting} must be host:port, a port or off, not ${text}`);
  return { host: found[1]?.replace(/^\[(.*)\]$/, "$1") ?? "127.0.0.1", port };
}

/** What a TLS server needs here: it asks for a certificate and looks at its key alone. */
export interface TlsOptions extends SecureContextOptions {
  readonly requestCert: true;
  readonly rejectUnauthorized: false;
  readonly minVersion: "TLSv1.2";
}

/** Reads the certificate and its key; undefined where none is set. @throws QoodError TLS_FILE */
export function readTls(certFile: string | undefined, keyFile: string | undefined): TlsOptions | undefined {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) throw new QoodError("TLS_FILE", "a certificate and its key are needed, give both --tls-cert and --tls-key");
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new QoodError("TLS_FILE", `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
    }
  };
  return { cert: read(certFile), key: read(keyFile), requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.2" };
}
