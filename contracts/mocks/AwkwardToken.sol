// SPDX-License-Identifier: GPL-3.0-only
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title AwkwardToken
/// @notice Test only: a token that takes a fee, says false, refuses an account, or calls back into a contract, as it is told.
contract AwkwardToken is ERC20 {
    enum Mood {
        Honest,
        TakesFee, // one unit of every transfer goes nowhere
        SaysFalse, // moves nothing and returns false
        CallsBack // calls `target` with `payload` before it moves anything

    }

    Mood public mood;
    address public target;
    bytes public payload;
    bool public calledBackWell;
    bytes public answer;
    mapping(address account => bool) public blocked;

    error AwkwardToken_Blocked(address account);

    constructor() ERC20("Awkward", "AWK") { }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function setBlocked(address account, bool value) external {
        blocked[account] = value;
    }

    function callBack(address target_, bytes calldata payload_) external {
        mood = Mood.CallsBack;
        target = target_;
        payload = payload_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (mood == Mood.SaysFalse) return false;
        _callBack();
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (mood == Mood.SaysFalse) return false;
        _callBack();
        return super.transferFrom(from, to, amount);
    }

    function _callBack() private {
        if (mood == Mood.CallsBack) (calledBackWell, answer) = target.call(payload);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (blocked[to]) revert AwkwardToken_Blocked(to);
        super._update(from, to, amount);
        if (mood == Mood.TakesFee && from != address(0) && to != address(0)) super._update(to, address(0), 1);
    }
}
