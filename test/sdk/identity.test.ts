import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkedVin, wmiBytes, wmiOfVin } from "@qoodblock/sdk/identity";
import { throwsCode } from "./support.ts";

describe("vehicle identification numbers", () => {
  it("name their maker by three characters, or six where the third is a 9", () => {
    assert.equal(wmiOfVin("LBVNU79049SB81546"), "LBV");
    assert.equal(wmiOfVin("1A9SV2BT0FM004123"), "1A9004");
    assert.equal(wmiBytes("LBV"), "0x4c4256000000");
    assert.equal(wmiBytes("1A9004"), "0x314139303034");
  });

  it("are 17 capital letters and digits without I, O and Q", () => {
    assert.equal(checkedVin("LBVNU79049SB81546"), "LBVNU79049SB81546");
    for (const vin of ["", "LBVNU79049SB8154", "LBVNU79049SB815467", "lbvnu79049sb81546", "IBVNU79049SB81546", "LBVNU79049OB81546", "LBVNU79049QB81546"]) {
      throwsCode(() => checkedVin(vin), "VIN_INVALID");
      throwsCode(() => wmiOfVin(vin), "VIN_INVALID");
    }
  });

  it("makers' identifiers have one form", () => {
    for (const wmi of ["", "LB", "LBV0", "LBV004"]) throwsCode(() => wmiBytes(wmi), "WMI_INVALID");
    assert.equal(wmiBytes("LB9"), "0x4c4239000000");
    for (const wmi of ["LBI", "lbv", "1A9O04", "1A900", "1A90044"]) throwsCode(() => wmiBytes(wmi), "WMI_INVALID");
  });
});
