/** The field's prime (RFC 8032 §5.1). */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

const ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;

/**
 * The y coordinates of the points whose order divides the cofactor. With one of them as a key, anyone can make
 * signatures that verify for some messages.
 */
const SMALL_ORDER_Y = new Set([0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y]);

/**
 * What keeps 32 bytes from being a public key that can be trusted, in words; null if nothing does. Refused are encodings
 * that are not canonical, not on the curve, or of small order (RFC 8032 §5.1.3, §5.1.7).
 */
export function weaknessOf(publicKey: Uint8Array): string | null {
  const y = littleEndian(publicKey) & (2n ** 255n - 1n);
  if (y >= P) return "is not a canonical encoding";
  if (SMALL_ORDER_Y.has(y)) return "is of small order";
  const numerator = mod(y * y - 1n);
  const denominator = mod(D * y * y + 1n);
  // u/v is a square exactly if u·v is, and Euler's criterion tells.
  const square = power(mod(numerator * denominator), (P - 1n) / 2n) <= 1n;
  return square ? null : "is not a point of the curve";
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * factor);
    factor = mod(factor * factor);
  }
  return result;
}
