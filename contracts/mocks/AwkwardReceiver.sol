// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

/// @title AwkwardReceiver
/// @notice Test only: an account that, when coins come, does to the sender what it is told.
contract AwkwardReceiver {
    enum Mood {
        Takes,
        Refuses, // with a reason
        RefusesSilently,
        CallsBack // calls `target` with `payload` once, and takes the coins whatever became of that
    }

    Mood public mood;
    address public target;
    bytes public payload;
    /// @notice Whether the last call back went through, and what it answered.
    bool public calledBack;
    bytes public answer;

    error AwkwardReceiver_No();

    function set(Mood mood_) external {
        mood = mood_;
    }

    function setCallBack(address target_, bytes calldata payload_) external {
        (mood, target, payload) = (Mood.CallsBack, target_, payload_);
    }

    /// @notice Makes a call in its own name, with the coins that it is sent.
    function act(address to, bytes calldata data) external payable {
        (bool ok, bytes memory result) = to.call{ value: msg.value }(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }

    receive() external payable {
        _behave();
    }

    function _behave() private {
        if (mood == Mood.Refuses) revert AwkwardReceiver_No();
        if (mood == Mood.RefusesSilently) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
        if (mood == Mood.CallsBack) {
            // Once: a call back that works must not go on until the gas is used up.
            mood = Mood.Takes;
            (calledBack, answer) = target.call(payload);
        }
    }
}
