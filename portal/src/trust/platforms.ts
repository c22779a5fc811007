/** Claims of a trust rule as a person writes them, and the platform of an issuer in words. */
import { platforms } from '../api/client.ts'

/** The platform of an issuer, for its name in words. */
export function platformOf(issuer: string): string | undefined {
  return platforms.find((one) => one.issuer === issuer && one.id !== 'spiffe')?.label
}

/** @returns the claims, or what is wrong with them */
export function parseClaims(text: string): Readonly<Record<string, string>> | string {
  const claims: Record<string, string> = {}
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue
    const at = line.indexOf('=')
    if (at < 1) return `“${line.slice(0, 40)}” isn’t a claim. Use name=value.`
    const name = line.slice(0, at).trim()
    if (Object.hasOwn(claims, name)) return `${name} is listed twice.`
    claims[name] = line.slice(at + 1).trim()
    if (claims[name] === '') return `${name} has no value. Fill it in, or remove the line.`
  }
  return claims
}

export function claimsText(claims: Readonly<Record<string, string>>): string {
  return Object.entries(claims)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')
}
