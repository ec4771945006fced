/**
 * What an owner and an OEM do with their own keys: consents, vouchers, agreements, and handing a stream's secret to a
 * TSP's vault. Everything here runs in the principal's own process; what leaves it are signatures and sealed boxes.
 */
import { createHmac } from "node:crypto";
import { Mnemonic } from "ethers";
import type { HDNodeWallet } from "ethers";
import { toHex, fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { hkdf } from "@qoodblock/sdk/crypto";
import { agreementData, deviceSetupData, mintConsentData, signTypedData, voucherData } from "@qoodblock/sdk/eip712";
import type { DeviceSetup, Domain, MintConsent, Voucher } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { checkedVin, wmiBytes, wmiOfVin } from "@qoodblock/sdk/identity";
import { streamSecret } from "@qoodblock/sdk/keys";
import type { Agreement } from "@qoodblock/sdk/market";
import { sealTo } from "@qoodblock/workers/shared/vault/box.ts";
import type { SealedBox } from "@qoodblock/workers/shared/vault/box.ts";

/** Seed of a wallet made from words (BIP-39, empty passphrase), 64 bytes. @throws QoodError ACCOUNT_SEEDLESS */
export function seedOf(wallet: HDNodeWallet): Uint8Array {
  if (!(wallet.mnemonic instanceof Mnemonic)) throw new QoodError("ACCOUNT_SEEDLESS", `account ${wallet.address} holds no words: stream secrets come from a seed`);
  return fromHex(wallet.mnemonic.computeSeed(), 64);
}

/**
 * The OEM's keyed tag of a VIN: HMAC-SHA256 under a key that is derived from the OEM's seed, so that nobody else can
 * find a car by its number.
 * @param vin - 17 characters, ISO 3779.
 * @throws QoodError VIN_INVALID.
 */
export function vinTag(oem: HDNodeWallet, vin: string): Hex {
  checkedVin(vin);
  const key = hkdf(seedOf(oem), "qood/vin-tag/v1", new Uint8Array(0), 32);
  return toHex(createHmac("sha256", key).update(vin, "ascii").digest());
}

/** The OEM's word on a vehicle, with its signature. */
export async function signVoucher(oem: HDNodeWallet, registry: Domain, vin: string, terms: { owner: Hex; legalHash: Hex; deadline: number }): Promise<{ voucher: Voucher; signature: Hex }> {
  const voucher: Voucher = { oem: oem.address as Hex, wmi: wmiBytes(wmiOfVin(vin)), tag: vinTag(oem, vin), ...terms };
  return { voucher, signature: await signTypedData(oem, voucherData(registry, voucher)) };
}

/** The owner's consent that this TSP mints this vehicle. */
export function signMintConsent(owner: HDNodeWallet, registry: Domain, consent: MintConsent): Promise<Hex> {
  if (BigInt(consent.voucher.owner) !== BigInt(owner.address)) {
    throw new QoodError("VOUCHER_OWNER", `the voucher names ${consent.voucher.owner} as the owner and this account is ${owner.address}`);
  }
  return signTypedData(owner, mintConsentData(registry, consent));
}

/** The owner's consent that a device speaks for the vehicle. */
export function signDeviceSetup(owner: HDNodeWallet, registry: Domain, setup: DeviceSetup): Promise<Hex> {
  return signTypedData(owner, deviceSetupData(registry, setup));
}

/** A principal's signature under an agreement that names it. */
export function signAgreement(principal: HDNodeWallet, shares: Domain, text: Agreement): Promise<Hex> {
  if (![text.owner, text.oem].some((party) => BigInt(party) === BigInt(principal.address))) {
    throw new QoodError("AGREEMENT_PARTY", `the agreement names ${text.owner} and ${text.oem}; account ${principal.address} is neither`);
  }
  return signTypedData(principal, agreementData(shares, text));
}

/** Hands the secret of one stream and key epoch to a TSP: sealed to its vault, of no use to anyone else. */
export function grantStream(principal: HDNodeWallet, grant: { handle: Hex; keyEpoch: number; vaultKey: Hex }): Promise<SealedBox> {
  const handle = fromHex(grant.handle, 32);
  const secret = streamSecret(seedOf(principal), grant.handle, grant.keyEpoch);
  return sealTo(fromHex(grant.vaultKey, 32), { handle, keyEpoch: grant.keyEpoch, secret });
}
