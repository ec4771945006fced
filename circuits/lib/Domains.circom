pragma circom 2.1.0;

// Domain constants of the Poseidon calls: D(tag) = uint256(keccak256(tag)) >> 8, always the first input.
// A test computes them anew from their tags and compares these lines.

// D("qood/key/v1"): commitments to batch keys.
function DOM_KEY() {
    return 334762264603221903208841916205546957397983025437427064629436122710866760008;
}

// D("qood/kdf/v1"): the key shared by seller and buyer, from the Diffie-Hellman point and the context.
function DOM_KDF() {
    return 142489417722215080461602327613550617950396114565669985737139772112493341021;
}

// D("qood/wrap/v1"): the pad of the i-th wrapped key.
function DOM_WRAP() {
    return 348262082971266132817401511812730816747837141654778068834317784442758519515;
}

// D("qood/interval/v1"): the key of an interval, from the batch key.
function DOM_INTERVAL() {
    return 250171492404359863296423789412286327736061160279129438796991712733646586157;
}

// D("qood/segment/v1"): the key of a segment, from the interval's.
function DOM_SEGMENT() {
    return 97704787695044305984171203322202793180180801914347903904857914937824970464;
}

// D("qood/prf/v1"): the answer to a question for possession.
function DOM_PRF() {
    return 146531296536728258663193586194116657751418876631143960583267805991162346693;
}
