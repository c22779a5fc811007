/** Platforms whose jobs are known by a token: where it comes from, and what it should say. */

export interface Platform {
  readonly id: 'github' | 'gitlab' | 'kubernetes' | 'spiffe' | 'other'
  readonly label: string
  readonly issuer: string
  /** One claim in a line, to be filled in. */
  readonly claims: string
  readonly about: string
}

export const platforms: readonly Platform[] = [
  {
    id: 'github',
    label: 'GitHub Actions',
    issuer: 'https://token.actions.githubusercontent.com',
    claims: 'sub=repo:OWNER/REPOSITORY:ref:refs/heads/main\nrepository_id=\nrepository_owner_id=',
    about: 'The numbers stay when a name is given to somebody else: gh api repos/OWNER/REPOSITORY shows them.',
  },
  {
    id: 'gitlab',
    label: 'GitLab',
    issuer: 'https://gitlab.com',
    claims: 'sub=project_path:GROUP/PROJECT:ref_type:branch:ref:main\nproject_id=',
    about: 'The number of the project stays when its name is given to somebody else.',
  },
  {
    id: 'kubernetes',
    label: 'Kubernetes',
    issuer: 'https://kubernetes.default.svc.cluster.local',
    claims: 'sub=system:serviceaccount:NAMESPACE:NAME',
    about: 'Seldom reachable from here: paste what kubectl get --raw /openid/v1/jwks prints as its keys below.',
  },
  {
    id: 'spiffe',
    label: 'SPIFFE',
    issuer: 'https://oidc.example.org',
    claims: 'sub=spiffe://TRUST-DOMAIN/WORKLOAD',
    about: 'The issuer is the address of the trust domain’s discovery document.',
  },
  {
    id: 'other',
    label: 'Another one',
    issuer: '',
    claims: 'sub=',
    about: 'Whoever signs tokens as OpenID Connect has it.',
  },
]

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
    if (at < 1) return `“${line.slice(0, 40)}” is no claim: write name=value.`
    const name = line.slice(0, at).trim()
    if (Object.hasOwn(claims, name)) return `${name} is there twice.`
    claims[name] = line.slice(at + 1).trim()
    if (claims[name] === '') return `${name} has no value: fill it in, or take the line away.`
  }
  return claims
}

export function claimsText(claims: Readonly<Record<string, string>>): string {
  return Object.entries(claims)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')
}
