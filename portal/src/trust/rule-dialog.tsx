/** Making or changing a trust rule: whose jobs, what their tokens must say, and what the keys may. */
import { useState } from 'react'
import { type NewTrustRule, type Platform, platforms, strongroom, type TrustRule } from '../api/client.ts'
import { rights, scopeText } from '../keys/scopes.ts'
import { type Chosen, chosenOf, ScopesField, scopesOf } from '../keys/scopes-field.tsx'
import { useRights } from '../session/rights.ts'
import { Checkbox, Field, Select, TextArea } from '../ui/controls.tsx'
import { type Faults, FormDialog } from '../ui/form.tsx'
import { wordsOf } from '../ui/words.ts'
import { claimsText, parseClaims } from './platforms.ts'

const lives = ['300', '600', '900', '1800', '3600'] as const

/** What a job makes would outlive it. */
const unfit = ['keys:manage', 'account:manage']

interface Draft {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly claims: string
  readonly chosen: Chosen
  readonly networks: string
  readonly life: string
  readonly isSingleUse: boolean
  readonly jwksUrl: string
  readonly jwks: string
}

function draftOf(rule: TrustRule | undefined): Draft {
  const [github] = platforms
  return {
    name: rule?.name ?? '',
    issuer: rule?.issuer ?? github?.issuer ?? '',
    audience: rule?.audience ?? location.origin,
    claims: claimsText(rule?.claims ?? github?.claims ?? {}),
    chosen: chosenOf(rule?.scopes ?? ['secrets:read']) ?? { rights: new Set(), names: '' },
    networks: rule?.networks.join(', ') ?? '',
    life: String(rule?.key_ttl ?? 900),
    isSingleUse: rule?.single_use ?? true,
    jwksUrl: rule?.jwks_url ?? '',
    jwks: rule?.jwks === null || rule === undefined ? '' : JSON.stringify(rule.jwks, null, 2),
  }
}

export function RuleDialog({
  rule,
  onClose,
  onSaved,
}: {
  readonly rule?: TrustRule | undefined
  readonly onClose: () => void
  readonly onSaved: (rule: TrustRule) => Promise<void>
}) {
  const mine = useRights()
  const [draft, setDraft] = useState(() => draftOf(rule))
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part })
  const kept = rule === undefined ? undefined : chosenOf(rule.scopes) === undefined ? rule.scopes : undefined
  const claims = parseClaims(draft.claims)
  const scopes = scopesOf(draft.chosen)
  const wanted = scopes.length === 0 && kept !== undefined ? kept : scopes
  const isReady = draft.name.trim() !== '' && draft.issuer !== '' && typeof claims !== 'string' && wanted.length > 0
  const save = async () => {
    if (typeof claims === 'string') return
    const input = inputOf(draft, claims, wanted)
    await onSaved(
      rule === undefined
        ? await strongroom.trustRules.create(input)
        : await strongroom.trustRules.update(rule.id, input),
    )
  }
  return (
    <FormDialog
      title={rule === undefined ? 'New trust rule' : `Change ${rule.name}`}
      isWide
      onClose={onClose}
      submit={rule === undefined ? 'Create rule' : 'Save'}
      isReady={isReady}
      run={save}
    >
      {(faults) => (
        <>
          <TokenFields draft={draft} change={change} faults={faults} isNew={rule === undefined} />
          {kept === undefined ? null : (
            <p className="small muted">
              Its keys may now: {kept.map(scopeText).join(', ')}. That stays unless you choose something here.
            </p>
          )}
          <ScopesField
            offered={rights.filter(({ id }) => mine.has(id) && !unfit.includes(id))}
            chosen={draft.chosen}
            onChange={(chosen) => change({ chosen })}
            fault={faults['scopes']}
          />
          <Select
            label="A key lives"
            value={draft.life}
            choices={[...new Set([...lives, draft.life])].map((id) => ({ id, label: lifeText(Number(id)) }))}
            onChoose={(life) => change({ life })}
          />
          <MoreFields draft={draft} change={change} faults={faults} />
        </>
      )}
    </FormDialog>
  )
}

interface FieldsProps {
  readonly draft: Draft
  readonly change: (part: Partial<Draft>) => void
  readonly faults: Faults
}

/** What the tokens are. */
function TokenFields({ draft, change, faults, isNew }: FieldsProps & { readonly isNew: boolean }) {
  const [platform, setPlatform] = useState<Platform['id']>('github')
  const claims = parseClaims(draft.claims)
  return (
    <>
      <Field
        label="Name"
        value={draft.name}
        onValue={(name) => change({ name })}
        maxLength={64}
        hint="Keys that are made under it are called after it. Letters, digits, “_”, “.” and “-”."
        fault={faults['name']}
        autoFocus
        required
      />
      {isNew ? (
        <Select
          label="Jobs of"
          value={platform}
          choices={platforms}
          onChoose={(id) => {
            const next = platforms.find((one) => one.id === id)
            setPlatform(id)
            if (next === undefined) return
            const { issuer, audience = location.origin, claims } = next
            change({ issuer, audience, claims: claimsText(claims) })
          }}
        />
      ) : null}
      <Field
        label="Issuer"
        value={draft.issuer}
        onValue={(issuer) => change({ issuer })}
        hint="What its tokens have as iss, exactly."
        fault={faults['issuer']}
        spellCheck={false}
        required
      />
      <Field
        label="Audience"
        value={draft.audience}
        onValue={(audience) => change({ audience })}
        hint="What they have as aud: the job asks for a token with this."
        fault={faults['audience']}
        spellCheck={false}
        required
      />
      <TextArea
        label="The token must say"
        rows={4}
        value={draft.claims}
        onValue={(text) => change({ claims: text })}
        hint={
          <>
            One claim in a line, name=value; all of them must fit. * stands for any characters.{' '}
            {isNew ? platforms.find(({ id }) => id === platform)?.about : null}
          </>
        }
        fault={faults['claims'] ?? (typeof claims === 'string' && draft.name !== '' ? claims : undefined)}
        spellCheck={false}
      />
    </>
  )
}

/** What few need. */
function MoreFields({ draft, change, faults }: FieldsProps) {
  return (
    <details className="more">
      <summary>Networks, repeated tokens, keys of the issuer</summary>
      <div className="stack">
        <Field
          label="Only from the networks"
          value={draft.networks}
          onValue={(networks) => change({ networks })}
          placeholder="10.0.0.0/8"
          hint="For the trade, and for the keys. Empty for anywhere."
          fault={faults['networks']}
          spellCheck={false}
        />
        <Checkbox isSelected={draft.isSingleUse} onChange={(isSingleUse) => change({ isSingleUse })}>
          A token is good for one key <span className="hint">Pods use one again until it is replaced.</span>
        </Checkbox>
        <Field
          label="Address of the issuer's keys"
          value={draft.jwksUrl}
          onValue={(jwksUrl) => change({ jwksUrl })}
          hint="Empty to look for it at the issuer."
          fault={faults['jwks_url']}
          spellCheck={false}
        />
        <TextArea
          label="The issuer's public keys"
          rows={4}
          value={draft.jwks}
          onValue={(jwks) => change({ jwks })}
          hint="A JSON Web Key Set. With it, nothing is fetched."
          fault={faults['jwks']}
          spellCheck={false}
        />
      </div>
    </details>
  )
}

/** @throws Error for keys that are no JSON */
function inputOf(draft: Draft, claims: Readonly<Record<string, string>>, scopes: readonly string[]): NewTrustRule {
  const { name, issuer, audience, networks, life, isSingleUse, jwksUrl, jwks } = draft
  return {
    ...{ name: name.trim(), issuer: issuer.trim(), audience: audience.trim(), claims, scopes },
    networks: wordsOf(networks),
    key_ttl: Number(life),
    single_use: isSingleUse,
    jwks_url: jwksUrl.trim() === '' ? null : jwksUrl.trim(),
    jwks: jwks.trim() === '' ? null : parseKeySet(jwks),
  }
}

function parseKeySet(text: string): NonNullable<NewTrustRule['jwks']> {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('The public keys of the issuer are no JSON. Paste the whole document, with its braces.')
  }
}

export function lifeText(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`
}
