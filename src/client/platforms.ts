/** Platforms whose jobs prove who they are with a token: who signs it, and what a trust rule should demand of it. */

export interface Platform {
  readonly id: 'github' | 'gitlab' | 'kubernetes' | 'spiffe' | 'netactuate' | 'other'
  readonly label: string
  /** What its tokens have as `iss`; empty where that is everybody's own. */
  readonly issuer: string
  /** What its tokens have as `aud`, where the job does not choose it: what to write there. */
  readonly audience?: string
  /** What a rule should demand, with words in capitals to be replaced, and nothing where there is a number to fill in. */
  readonly claims: Readonly<Record<string, string>>
  /** What to know when filling them in. */
  readonly about: string
}

export const platforms: readonly Platform[] = [
  {
    id: 'github',
    label: 'GitHub Actions',
    issuer: 'https://token.actions.githubusercontent.com',
    claims: {
      sub: 'repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:ref:refs/heads/main',
      repository_id: '',
      repository_owner_id: '',
    },
    about:
      'gh api repos/OWNER/REPOSITORY shows the numbers, as id and owner.id: they stay when a name is given to somebody else. Of a repository older than July 2026 the subject has none, repo:OWNER/REPOSITORY:…, unless it was renamed, moved or changed over.',
  },
  {
    id: 'gitlab',
    label: 'GitLab',
    issuer: 'https://gitlab.com',
    claims: { sub: 'project_path:GROUP/PROJECT:ref_type:branch:ref:main', project_id: '' },
    about: 'The number of the project stays when its name is given to somebody else.',
  },
  {
    id: 'kubernetes',
    label: 'Kubernetes',
    issuer: 'https://kubernetes.default.svc.cluster.local',
    claims: { sub: 'system:serviceaccount:NAMESPACE:NAME' },
    about: 'Seldom reachable from here: paste what kubectl get --raw /openid/v1/jwks prints as its keys below.',
  },
  {
    id: 'spiffe',
    label: 'SPIFFE',
    issuer: 'https://oidc.example.org',
    claims: { sub: 'spiffe://TRUST-DOMAIN/WORKLOAD' },
    about: 'The issuer is the address of the trust domain’s discovery document.',
  },
  {
    id: 'netactuate',
    label: 'NetActuate',
    issuer: 'https://portal.netactuate.com',
    audience: 'CLIENT_ID',
    claims: { sub: '' },
    about:
      'sub is whom NetActuate signed in, and stays; email and name may change. The audience is the ID of the OpenID Connect client.',
  },
  {
    id: 'other',
    label: 'Another one',
    issuer: '',
    claims: { sub: '' },
    about: 'Whoever signs tokens as OpenID Connect has it.',
  },
]
