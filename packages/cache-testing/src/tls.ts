import { LOOPBACK } from './ports.ts';

/** All as PEM text. */
export interface Certificates {
  /** The authority a client has to trust. */
  readonly ca: string;
  /** A certificate for 127.0.0.1 and localhost, signed by `ca`. */
  readonly cert: string;
  readonly key: string;
}

/** A new authority and a server certificate signed by it; elliptic curves, as an RSA key takes long to find. */
export async function issueCertificates(): Promise<Certificates> {
  const { generate } = await import('selfsigned'); // only here, as it takes longer to load than a server to start
  const common = { keyType: 'ec', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'Huntly test authority' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: LOOPBACK },
        ],
      },
    ],
  });
  return { ca: authority.cert, cert: server.cert, key: server.private };
}
