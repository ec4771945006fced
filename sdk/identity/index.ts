/** Vehicle identification numbers (ISO 3779) and the makers that they name (ISO 3780). */
import { toHex, type Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";

const VIN = /^[A-HJ-NPR-Z0-9]{17}$/;
const WMI = /^(?:[A-HJ-NPR-Z0-9]{3}|[A-HJ-NPR-Z0-9]{2}9[A-HJ-NPR-Z0-9]{3})$/;

/** A text that is a VIN. @throws QoodError `VIN_INVALID` */
export function checkedVin(vin: string): string {
  ensure(VIN.test(vin), "VIN_INVALID", `${JSON.stringify(vin)} is no vehicle identification number: 17 capital letters and digits without I, O and Q`);
  return vin;
}

/**
 * The world manufacturer identifier of a VIN: its first three characters; where the third is a 9 (makers of fewer than 1,000 vehicles
 * a year), characters 12 to 14 as well.
 * @throws QoodError `VIN_INVALID`
 */
export function wmiOfVin(vin: string): string {
  checkedVin(vin);
  return vin[2] === "9" ? vin.slice(0, 3) + vin.slice(11, 14) : vin.slice(0, 3);
}

/** A world manufacturer identifier as the registry has it: ASCII, 6 bytes, zeros after three characters. @throws QoodError `WMI_INVALID` */
export function wmiBytes(wmi: string): Hex {
  ensure(WMI.test(wmi), "WMI_INVALID", `${JSON.stringify(wmi)} is no world manufacturer identifier: three characters of a VIN, or six with a 9 as the third`);
  return toHex(new TextEncoder().encode(wmi.padEnd(6, "\0")));
}
