import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { QoodError } from "@qoodblock/sdk/errors";
import type { KnownStream } from "./streams.ts";

/** How much a device, an account, an address may send through this process. */
export interface Limits {
  /** Counts records of a stream. @throws QoodError RATE_DEVICE or RATE_ACCOUNT, with the milliseconds to wait in `details.waitMs` */
  take(stream: KnownStream, records: number): Promise<void>;
  /** Counts a login. @throws QoodError RATE_LOGIN */
  login(address: string): Promise<void>;
}

const DEVICE = "device";

/** See {@link Limits}. */
export function createLimits(options: { readonly deviceRecords: number; readonly accountRecords: number; readonly loginsPerMinute: number }): Limits {
  const devices = new RateLimiterMemory({ keyPrefix: DEVICE, points: options.deviceRecords, duration: 1 });
  const accounts = new RateLimiterMemory({ keyPrefix: "account", points: options.accountRecords, duration: 1 });
  const logins = new RateLimiterMemory({ keyPrefix: "login", points: options.loginsPerMinute, duration: 60 });

  async function consume(limiter: RateLimiterMemory, key: string, points: number, code: string, text: string): Promise<void> {
    try {
      // A message larger than the limit of a second would never pass: it takes the whole of one.
      await limiter.consume(key, Math.min(points, limiter.points));
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new QoodError(code, text, { details: { waitMs: error.msBeforeNext } });
    }
  }

  return {
    async take({ config }, records) {
      await consume(devices, config.handle, records, "RATE_DEVICE", `more than ${options.deviceRecords} records a second of one device: send slower`);
      await consume(accounts, config.account === "" ? config.vehicle : config.account, records, "RATE_ACCOUNT", `more than ${options.accountRecords} records a second of one account: send slower`);
    },
    login: (address) => consume(logins, address, 1, "RATE_LOGIN", `more than ${options.loginsPerMinute} logins a minute from one address`),
  };
}
