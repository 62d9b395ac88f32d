/** Why a server's certificate was not accepted, and what can be done about it. */
export interface CertificateFault {
  readonly what: string;
  readonly hints: readonly string[];
  /** Whether a request may have been sent: certificates are checked before, broken TLS may be met at any time. */
  readonly sent: boolean;
}

/** OpenSSL's codes for a certificate that no known authority has signed, as Node passes them on. */
const unknownIssuer = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_UNTRUSTED',
]);

/** Explains the code of a TLS error at `origin`; undefined for other codes. */
export function certificateFault(code: string | undefined, origin: string): CertificateFault | undefined {
  const fault = (what: string, ...hints: string[]): CertificateFault => ({ what, hints, sent: false });
  if (code === undefined) return undefined;
  if (unknownIssuer.has(code)) {
    return fault(
      `its certificate is signed by an authority that is not known here (${code})`,
      "if it is your own or your network's, name its certificate: NODE_EXTRA_CA_CERTS=authority.pem",
    );
  }
  if (code === 'CERT_HAS_EXPIRED') return fault(`its certificate has expired (${code})`, "check this machine's clock");
  if (code === 'CERT_NOT_YET_VALID')
    return fault(`its certificate is not valid yet (${code})`, "check this machine's clock");
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return fault(`its certificate is for another host (${code})`, `is ${origin} the name that its certificate has?`);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO') {
    const hint = 'if it is a plain http server, write its address with http://';
    return { ...fault(`does not speak TLS (${code})`, hint), sent: true };
  }
  return undefined;
}
