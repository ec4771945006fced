pragma circom 2.1.0;

include "circomlib/circuits/poseidon.circom";
include "Domains.circom";

/*
 * A key and what a header says of it in public: commitment = Poseidon(DOM_KEY, k). It hides k, which has at least 250
 * bits of chance, and fits no other key.
 *
 * The numbers in brackets are listed in every circuit that uses this.
 */
template Commitment() {
    // INPUT
    signal input k;
    signal input commitment;

    component hash = Poseidon(2);
    hash.inputs[0] <== DOM_KEY();
    hash.inputs[1] <== k;
    commitment === hash.out; // [9]
}
