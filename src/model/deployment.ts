/** A deployment: which version of which secret a target holds since it was last rendered for. */
import { hash } from 'node:crypto'
import type { Principal } from './principal.ts'

/** A secret as a target got it. It outlives the secret. */
export interface Held {
  readonly id: number
  readonly uid: string
  readonly name: string
  readonly version: number
}

export interface Deployment {
  readonly accountId: number
  readonly id: number
  /** A machine, or whatever the rendering was for. It has one deployment: the last one. */
  readonly target: string
  /** Who had it rendered. */
  readonly principal: Principal
  /** The seed that it came through. */
  readonly seedId: number | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** By ascending id. */
  readonly secrets: readonly Held[]
  readonly mac: Uint8Array
  /** The environment that it was rendered in: a target has one deployment in each. */
  readonly environmentId: number
}

/** What the audit trail remembers a deployment by: SHA-256, hexadecimal. */
export function deploymentHash({ target, principal, seedId, createdAt, secrets }: Omit<Deployment, 'mac'>): string {
  const held = secrets.map(({ id, uid, name, version }) => [id, uid, name, version])
  const { kind, id, name } = principal
  return hash('sha256', JSON.stringify(['deployment', target, [kind, id, name], seedId, createdAt, held]), 'hex')
}

/** What is held after more has come: of each secret the newest that came last. */
export function addHeld(before: readonly Held[], more: readonly Held[]): readonly Held[] {
  const held = new Map([...before, ...more].map((one) => [one.id, one]))
  return [...held.values()].sort((a, b) => a.id - b.id)
}
