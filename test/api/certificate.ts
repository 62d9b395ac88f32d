import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate and its key, as TLS servers take them; `signer` signs other certificates. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly signer: Signer;
}

interface Signer {
  readonly name: Buffer;
  readonly key: KeyObject;
}

export interface CertificateOptions {
  /** Host names that it is for. Without any, it is a certificate authority. */
  readonly hosts?: readonly string[];
  /** Who signs it. Without one, it is self-signed. */
  readonly issuer?: Certificate;
  /** Valid from 1 January of the first year to 1 January of the second. */
  readonly years?: readonly [number, number];
}

/** Makes an X.509 certificate (RFC 5280) on P-256, because Node can read certificates but not make them. */
export function makeCertificate({ hosts = [], issuer, years = [2020, 2120] }: CertificateOptions = {}): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName(`${hosts[0] ?? 'authority'} ${randomBytes(4).toString('hex')}`);
  const by = issuer?.signer ?? { name, key: privateKey };
  const signed = sequence(
    der(0xa0, integer([2])),
    integer([1, ...randomBytes(8)]),
    ecdsaWithSha256,
    by.name,
    sequence(...years.map((year) => der(0x18, Buffer.from(`${year}0101000000Z`)))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...(hosts.length > 0 ? [subjectAltName(hosts)] : [authority]))),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', signed, by.key));
  const bytes = sequence(signed, ecdsaWithSha256, signature);
  const lines = bytes
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    signer: { name, key: privateKey },
  };
}

/** Encodes one value in ASN.1's distinguished encoding: tag, length, content. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const long = body.length > 0xff ? [0x82, body.length >> 8, body.length & 0xff] : [0x81, body.length];
  return Buffer.concat([Buffer.from([tag, ...(body.length < 0x80 ? [body.length] : long)]), body]);
}

function sequence(...content: Uint8Array[]): Buffer {
  return der(0x30, ...content);
}

function integer(bytes: number[]): Buffer {
  return der(0x02, Buffer.from(bytes));
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
/** basicConstraints (2.5.29.19), critical: CA. */
const authority = sequence(
  objectId('551d13'),
  der(0x01, Buffer.from([0xff])),
  der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
);

/** Encodes a name that is only a commonName (2.5.4.3). */
function distinguishedName(text: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(text)))));
}

/** Encodes a subjectAltName (2.5.29.17) of DNS names. */
function subjectAltName(hosts: readonly string[]): Buffer {
  return sequence(objectId('551d11'), der(0x04, sequence(...hosts.map((host) => der(0x82, Buffer.from(host))))));
}
