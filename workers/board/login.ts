import { createHash, timingSafeEqual } from "node:crypto";
import { QoodError } from "@qoodblock/sdk/errors";

/** A shorter password could be found by trying. */
const LEAST_PASSWORD = 12;

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Compares a login with the one that is right. What it takes says nothing of where they differ: digests are compared,
 * both, whole.
 * @throws QoodError BOARD_PASSWORD when the password is too short to be one
 */
export function createLogin(user: string, password: string): (user: string, password: string) => boolean {
  if (password.length < LEAST_PASSWORD) throw new QoodError("BOARD_PASSWORD", `the board's password must have at least ${LEAST_PASSWORD} characters`);
  const right = { user: digest(user), password: digest(password) };
  return (givenUser, givenPassword) => {
    const sameUser = timingSafeEqual(digest(givenUser), right.user);
    const samePassword = timingSafeEqual(digest(givenPassword), right.password);
    return sameUser && samePassword;
  };
}
