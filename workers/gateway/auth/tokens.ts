import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Access } from "./access.ts";

/** Makes and reads the tokens by which devices are known between two logins. */
export interface Tokens {
  /** A token, and when it ends (Unix seconds). */
  issue(access: Exclude<Access, { kind: "signed" }>, seconds: number): Promise<{ readonly token: string; readonly expires: number }>;
  /** @throws QoodError ACCESS_TOKEN */
  read(token: string): Promise<Access>;
}

const claims = z.object({
  device: z.string().regex(/^0x[0-9a-f]{64}$/).optional(),
  streams: z.array(z.string().regex(/^0x[0-9a-f]{64}$/)).optional(),
});
const ALGORITHM = "HS256";
/** Longest token that is looked at. */
const MOST_CHARACTERS = 8192;

/**
 * @param secret - see `readTokenSecret`
 * @param gateway - the gateway's name: a token counts at gateways of this name alone
 */
export function createTokens(secret: Uint8Array, gateway: string): Tokens {
  return {
    async issue(access, seconds) {
      const expires = Math.floor(Date.now() / 1000) + seconds;
      const content = access.kind === "device" ? { device: access.device } : { streams: [...access.streams] };
      const token = await new SignJWT(content).setProtectedHeader({ alg: ALGORITHM }).setIssuer(gateway).setAudience(gateway).setExpirationTime(expires).sign(secret);
      return { token, expires };
    },
    async read(token) {
      const wrong = (why: string): QoodError => new QoodError("ACCESS_TOKEN", `the token does not count: ${why}`);
      if (token.length > MOST_CHARACTERS) throw wrong("it is too long");
      let payload: unknown;
      try {
        ({ payload } = await jwtVerify(token, secret, { algorithms: [ALGORITHM], issuer: gateway, audience: gateway, requiredClaims: ["exp"] }));
      } catch (error) {
        throw wrong((error as { code?: string }).code === "ERR_JWT_EXPIRED" ? "it has expired, log in again" : "it is not one of this gateway's");
      }
      const { device, streams } = claims.parse(payload);
      if (device !== undefined) return { kind: "device", device: device as Hex };
      if (streams !== undefined) return { kind: "streams", streams: new Set(streams) };
      throw wrong("it names neither device nor streams");
    },
  };
}
