/** What one secret and one key are, as if nobody else were there: what histories of several nodes are held against. */
import type { Model } from '../support/linearizable.ts'

export type Step =
  | { readonly kind: 'put'; readonly value: string }
  | { readonly kind: 'get'; readonly value: string }
  /** A read that was refused, as the key is revoked. */
  | { readonly kind: 'shut_out' }
  | { readonly kind: 'revoke' }

interface State {
  readonly value: string
  readonly isRevoked: boolean
}

export function secretAndKey(value: string): Model<State, Step> {
  return {
    initial: { value, isRevoked: false },
    step: (state, step) => {
      switch (step.kind) {
        case 'put':
          return { ...state, value: step.value }
        case 'get':
          return !state.isRevoked && state.value === step.value ? state : undefined
        case 'shut_out':
          return state.isRevoked ? state : undefined
        case 'revoke':
          return { ...state, isRevoked: true }
      }
    },
    name: ({ value: now, isRevoked }) => `${now} ${isRevoked}`,
  }
}
