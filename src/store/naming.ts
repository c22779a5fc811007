/** How an operation names what it is about, and on what condition. */

/** A secret or a list: by id, or by its exact name. */
export type IdOrName = number | string

/** A secret, and the list that it must be in, if any will not do. */
export interface Place {
  readonly id: IdOrName
  readonly list?: IdOrName | undefined
}

/** `If-Match`: the versions that will do, or any that exists. */
export type Match = readonly number[] | '*'

/** `If-Match` of what is known of a secret: the tags that will do (`metadataTag`), or any that exists. */
export type MetadataMatch = readonly string[] | '*'

/**
 * `If-None-Match` of a value: what the caller has of it, or anything that is there. A version alone says nothing of which secret
 * had a name at the time; with the id it does.
 */
export type Known = readonly { readonly version: number; readonly id?: number | undefined }[] | '*'

/** Makes a repeated request answer as the first did. Both are keyed hashes, never the caller's text. */
export interface Idempotency {
  readonly hash: string
  readonly fingerprint: string
}
