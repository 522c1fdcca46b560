package certificates

import "skiff/internal/api/meta"

// signerName wants the name of a signer: a domain and a path of one segment.
var signerName = meta.SignerName
