import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { deviceKeyName, isLoginSigned } from "@qoodblock/sdk/device";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { keys } from "../../shared/queue/index.ts";
import type { Tokens } from "./tokens.ts";

const hex = (bytes: number): z.ZodType<Hex, string> => z.string().regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), `must be ${bytes} bytes in hex`).transform((text) => text.toLowerCase() as Hex);

/** What a device asks a challenge with. */
export const challengeRequest = z.strictObject({ publicKey: hex(64) });
/** What it answers with. */
export const loginRequest = z.strictObject({ publicKey: hex(64), nonce: hex(32), deadline: z.int().positive(), signature: hex(64) });

/** What a device signs next: see `DeviceLogin` of `sdk/device`. */
export interface Challenge {
  readonly nonce: Hex;
  readonly deadline: number;
  readonly gateway: string;
  readonly chainId: number;
}

/** Logs devices in by their keys. */
export interface Logins {
  challenge(publicKey: Hex): Promise<Challenge>;
  /** @throws QoodError ACCESS_LOGIN; whatever the outcome, the nonce is spent */
  login(answer: z.output<typeof loginRequest>): Promise<{ readonly token: string; readonly expires: number }>;
}

/** Seconds to answer a challenge. */
const PATIENCE = 60;

/** See {@link Logins}. Challenges lie in Redis, so any gateway of the same name takes the answer; each once. */
export function createLogins(options: { readonly redis: Redis; readonly prefix: string; readonly tokens: Tokens; readonly gateway: string; readonly chainId: number; readonly tokenSeconds: number }): Logins {
  const { redis, prefix, tokens, gateway, chainId, tokenSeconds } = options;
  return {
    async challenge(publicKey) {
      const nonce = toHex(randomBytes(32));
      const deadline = Math.floor(Date.now() / 1000) + PATIENCE;
      await redis.set(keys.loginNonce(prefix, nonce), `${deadline} ${publicKey}`, "EX", PATIENCE);
      return { nonce, deadline, gateway, chainId };
    },
    async login({ publicKey, nonce, deadline, signature }) {
      const asked = await redis.getdel(keys.loginNonce(prefix, nonce));
      const wrong = (why: string): QoodError => new QoodError("ACCESS_LOGIN", `the login is refused: ${why}`);
      if (asked !== `${deadline} ${publicKey}` || deadline < Date.now() / 1000) throw wrong("the challenge is unknown, over, or was answered before; ask for a new one");
      const key = fromHex(publicKey, 64);
      const device = deviceKeyName(key);
      let signed = false;
      try {
        signed = isLoginSigned(key, { chainId, gateway, device, nonce, deadline }, fromHex(signature, 64));
      } catch (error) {
        if (!isQoodError(error)) throw error;
      }
      if (!signed) throw wrong("the signature is not the device's");
      return tokens.issue({ kind: "device", device }, tokenSeconds);
    },
  };
}
