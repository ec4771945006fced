import { QoodError } from "@qoodblock/sdk/errors";

/** Where a storage node's RPC is, taken apart. */
export interface Endpoint {
  /** As it may be shown: without a login. */
  readonly shown: string;
  readonly secure: boolean;
  readonly target: { readonly socketPath: string } | { readonly host: string; readonly port: number };
  /** Path before `/api/v0/`, without a slash at its end. */
  readonly base: string;
  /** Header for every request, where the address has a login. */
  readonly authorization: string | undefined;
}

/** Where a Kubo listens unless told otherwise. */
const KUBO_PORT = 5001;

/** `user:password@` is sent as Basic, a `token@` alone as Bearer: the two that Kubo's `API.Authorizations` knows. */
function authorizationOf({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const [name, word] = [decodeURIComponent(username), decodeURIComponent(password)];
  return word === "" ? `Bearer ${name}` : `Basic ${Buffer.from(`${name}:${word}`).toString("base64")}`;
}

/**
 * Takes the address of a storage node's RPC apart: an http or https URL, or the path of a unix socket.
 * @throws QoodError STORAGE_ADDRESS, which does not repeat the address: it may hold a login
 */
export function parseEndpoint(address: string): Endpoint {
  if (!address.includes("://")) return { shown: address, secure: false, target: { socketPath: address }, base: "", authorization: undefined };
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new QoodError("STORAGE_ADDRESS", "the storage node's address must be an http:// or https:// URL, or the path of a unix socket");
  const secure = url.protocol === "https:";
  const base = url.pathname.replace(/\/+$/, "").replace(/\/api\/v0$/, "");
  return {
    shown: `${url.protocol}//${url.host}${base}`,
    secure,
    target: { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? (secure ? 443 : KUBO_PORT) : Number(url.port) },
    base,
    authorization: authorizationOf(url),
  };
}
