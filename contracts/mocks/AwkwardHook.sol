// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { IOrderHook } from "../market/IOrderHook.sol";

/// @title AwkwardHook
/// @notice Test only: a hook that does to the exchange what it is told.
contract AwkwardHook is IOrderHook {
    enum Mood {
        Answers, // with `answer`
        Reverts,
        BurnsGas,
        AnswersLong, // one word more than asked
        AnswersShort, // one byte less
        AnswersHuge, // a megabyte of zeros, beyond any hook's gas
        CallsBack // calls `target` with `payload`, and answers with `answer` if that failed
    }

    Mood public mood;
    uint256 public answer;
    address public target;
    bytes public payload;

    error AwkwardHook_No();

    function set(Mood mood_, uint256 answer_) external {
        mood = mood_;
        answer = answer_;
    }

    function setCallBack(address target_, bytes calldata payload_, uint256 answer_) external {
        mood = Mood.CallsBack;
        (target, payload, answer) = (target_, payload_, answer_);
    }

    function onPurchase(bytes32, address, uint256, uint256, bytes calldata) external view returns (uint256) {
        return _behave();
    }

    function onDelivery(bytes32, uint256) external view returns (uint256) {
        return _behave();
    }

    function _behave() private view returns (uint256) {
        uint256 value = answer;
        if (mood == Mood.Reverts) revert AwkwardHook_No();
        if (mood == Mood.BurnsGas) while (true) { }
        if (mood == Mood.CallsBack) {
            // A state change below a static call uses up what it was given; a hook that survives it has still changed nothing.
            (bool ok,) = target.staticcall{ gas: 20_000 }(payload);
            return ok ? 0 : value;
        }
        uint256 size = mood == Mood.AnswersLong ? 64 : mood == Mood.AnswersShort ? 31 : mood == Mood.AnswersHuge ? 1 << 20 : 32;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, value)
            return(free, size)
        }
    }
}
