/**
 * Sources: feeds that come from no car, as the weather or the state of a road. A source is a token of the vehicle registry whose maker and
 * owner are one account, its operator, under a code that no maker of cars can have. So it has one principal, who alone agrees to sales.
 */
import type { Signer } from "ethers";
import { toUtf8Bytes } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { toHex } from "../bytes/index.ts";
import { keccak256 } from "../crypto/hash.ts";
import { agreementData, mintConsentData, signTypedData, voucherData } from "../eip712/index.ts";
import type { Domain, Voucher } from "../eip712/index.ts";
import { ensure } from "../errors/index.ts";
import { wmiBytes } from "../identity/index.ts";
import { DATA_CLASS, PRIVACY, sixPairs } from "../market/index.ts";
import type { Agreement, TokenFloor } from "../market/index.ts";

/**
 * The codes of sources, with what they stand for and the schema that this SDK ships for it. ISO 3780 gives no maker an identifier that
 * begins with the digit 0; the registry takes it, as it looks at the characters alone.
 */
export const SOURCE_CODES = {
  "0WX": { feed: "weather", schema: "weather-observation@1" },
  "0RD": { feed: "state of roads", schema: "road-state@1" },
} as const;

/** A code of {@link SOURCE_CODES}. */
export type SourceCode = keyof typeof SOURCE_CODES;

/** What a token is, by the code that it was minted under. */
export type TokenKind = "source" | "vehicle";

/**
 * Whether a code, as text or as the registry's six bytes, is one of sources: those that begin with the digit 0, also of feeds that this SDK
 * does not know.
 */
export function isSourceCode(code: string): boolean {
  return /^0x[0-9a-fA-F]{12}$/.test(code) ? code.startsWith("0x30") : /^0[A-HJ-NPR-Z0-9]{2}$|^0[A-HJ-NPR-Z0-9]9[A-HJ-NPR-Z0-9]{3}$/.test(code);
}

/** A source's tag: of the name that its operator gives it. It is in the clear, as a station hides from nobody. */
export function sourceTag(name: string): Hex {
  return toHex(keccak256(toUtf8Bytes(`qood/source/v1\0${name}`)));
}

/** What `VehicleRegistry.mint` wants of a source. */
export interface SignedSource {
  readonly voucher: Voucher;
  readonly oemSignature: Hex;
  readonly ownerSignature: Hex;
}

/**
 * Signs the two papers of a mint, both by the operator: its voucher as the maker, its consent as the owner. The operator has to be
 * accredited under the code, and the TSP that mints accredited as a TSP; it may be the operator itself.
 * @param registry - the VehicleRegistry
 * @throws QoodError `SOURCE_CODE` for a code that a maker of cars could have
 */
export async function signSource(operator: Signer, registry: Domain, source: { readonly code: string; readonly name: string; readonly tsp: Hex; readonly legalHash: Hex; readonly deadline: number }): Promise<SignedSource> {
  ensure(isSourceCode(source.code), "SOURCE_CODE", `${JSON.stringify(source.code)} is no source's code: three characters of which the first is the digit 0, as ${Object.keys(SOURCE_CODES).join(", ")}`);
  const account = (await operator.getAddress()) as Hex;
  const voucher: Voucher = { oem: account, wmi: wmiBytes(source.code), tag: sourceTag(source.name), owner: account, legalHash: source.legalHash, deadline: source.deadline };
  const oemSignature = await signTypedData(operator, voucherData(registry, voucher));
  const ownerSignature = await signTypedData(operator, mintConsentData(registry, { voucher, tsp: source.tsp, deadline: source.deadline }));
  return { voucher, oemSignature, ownerSignature };
}

/** What an operator decides of its source's sales. */
export interface SourceTerms {
  readonly vehicle: bigint;
  readonly epoch: number;
  readonly operator: Hex;
  /** The accredited TSP that sells; the operator itself where it is one. */
  readonly agent: Hex;
  /** Its share, basis points; 0 by default. */
  readonly agentBps?: number;
  /** Who stores the files, and its share; nobody by default. */
  readonly storage?: { readonly payee: Hex; readonly bps: number };
  readonly tokens: readonly TokenFloor[];
  readonly legalHash: Hex;
  /** Present nonce of the agreement (`headOf(id).nonce`); 0 for the first. */
  readonly nonce?: number;
  readonly deadline: number;
}

/** The agreement of a source: the same account as owner and maker, all data of class USER, nothing for the maker's side. @throws QoodError `BAD_SHARES` */
export function sourceAgreement(terms: SourceTerms): Agreement {
  const { vehicle, epoch, operator, agent, agentBps = 0, storage, legalHash, nonce = 0, deadline } = terms;
  const storageBps = storage?.bps ?? 0;
  return {
    ...{ vehicle, epoch, owner: operator, oem: operator, agent, storagePayee: storage?.payee ?? operator },
    pairs: sixPairs([{ dataClass: DATA_CLASS.USER, privacy: PRIVACY.ORDINARY, ownerBps: 10_000 - agentBps - storageBps, oemBps: 0, agentBps, storageBps }]),
    ...{ tokens: [...terms.tokens], noticePeriod: 0, legalHash, nonce, deadline },
  };
}

/** The operator's one signature under its agreement: `agree` takes it for both sides. @param shares - the QoodShares contract */
export function signSourceAgreement(operator: Signer, shares: Domain, text: Agreement): Promise<Hex> {
  return signTypedData(operator, agreementData(shares, text));
}
